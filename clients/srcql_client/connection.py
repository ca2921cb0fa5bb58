"""What a client can do with a lakehouse, wherever it runs."""

import os
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

from srcql.errors import Unsupported
from srcql.receipt import Receipt
from srcql.status import Status

if TYPE_CHECKING:
    import pyarrow as pa


class Connection(ABC):
    """One lakehouse to ask and to fill, over the wire or in this process; a context manager."""

    location: str

    @abstractmethod
    def stream(self, text: str) -> "pa.RecordBatchReader":
        """The rows of a query in SRCQL or SQL, batch by batch.

        Raises SrcqlError: InvalidQuery, UnknownName, Forbidden, ... with line, column and a hint.
        """

    @abstractmethod
    def ingest(self, table: str, data: Any, batch_id: str | None = None) -> Receipt:
        """Add rows to `observations`, `tests` or `code_implementations`: all of them, or none.

        `data` is an Arrow table, batch or reader, a pandas or polars data frame, the path of a Parquet file, or an
        iterable of record batches, which is streamed. A batch id that was written before adds nothing.
        Raises InvalidData for rows that the store refuses, UnknownName for another table.
        """

    @abstractmethod
    def status(self) -> Status:
        """Data sets, files and snapshots of the lakehouse, now."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the lakehouse; what was acknowledged stays."""

    def query(self, text: str) -> "pa.Table":
        """The rows of a query in SRCQL or SQL, as one table; raises as `stream`."""
        return self.stream(text).read_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_ADDRESS = re.compile(r"grpc(?:\+tls)?://(?:[\w.-]+|\[[0-9a-fA-F:]+\]):\d+/?")


def connect(
    location: str | os.PathLike[str],
    *,
    user: str | None = None,
    password: str | None = None,
    token: str | None = None,
    tls_roots: str | os.PathLike[str] | None = None,
    client_cert: tuple[str | os.PathLike[str], str | os.PathLike[str]] | None = None,
) -> Connection:
    """A lakehouse behind a server (`grpc://host:port`), or in a folder, which is made when it does not exist.

    To a server that knows its users go `user` and `password`, or a `token`. With TLS the address is
    `grpc+tls://host:port`; `tls_roots` is a PEM file of certificates to trust instead of the system's, `client_cert`
    are the PEM files of a certificate and its key, where the server asks for one.

    Raises Unsupported for another kind of address, StoreError for a folder that is no warehouse; a server that does not
    answer is told by the first call, with Unavailable, and one that does not know the user, with Unauthenticated.

    >>> connect("http://127.0.0.1:80")
    Traceback (most recent call last):
    ...
    srcql.errors.Unsupported: expected grpc://host:port, grpc+tls://host:port or a folder, found http://127.0.0.1:80
    """
    scheme = location.split("://", 1)[0] if isinstance(location, str) and "://" in location else None
    access = {"user": user, "password": password, "token": token, "tls_roots": tls_roots, "client_cert": client_cert}
    if scheme is None:
        if any(value is not None for value in access.values()):
            raise Unsupported("a folder has no users and no TLS", hint="they are for the address of a server")
        if not os.fspath(location):  # it would be the folder one stands in
            raise Unsupported("expected grpc://host:port, grpc+tls://host:port or a folder, found an empty text")
        from .embedded import EmbeddedConnection

        return EmbeddedConnection(os.fspath(location))
    if not _ADDRESS.fullmatch(os.fspath(location)):
        raise Unsupported(f"expected grpc://host:port, grpc+tls://host:port or a folder, found {location}")
    from .access import Access
    from .wire import WireConnection

    return WireConnection(os.fspath(location), Access(**access))  # type: ignore[arg-type]
