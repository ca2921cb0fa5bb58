"""What a client can do with a lakehouse, wherever it runs."""

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from srcql.errors import Unsupported

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Receipt:
    """What became of one batch: `repeated` when its batch id had been written before, and nothing was added now."""

    table: str
    rows: int
    snapshot_id: int
    batch_id: str
    repeated: bool

    @property
    def added(self) -> int:
        """Rows that this very call added.

        >>> Receipt("observations", 12, 1, "import-7", repeated=True).added
        0
        """
        return 0 if self.repeated else self.rows


@dataclass(frozen=True)
class DataSetStatus:
    """How much of one data set a lakehouse holds."""

    data_set_id: str
    problems: int
    implementations: int
    runs: int
    rows: int


@dataclass(frozen=True)
class Status:
    """What a lakehouse holds."""

    data_sets: tuple[DataSetStatus, ...]
    files: int
    bytes: int
    snapshots: int

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Status":
        """The status that an answer of the store or the server states."""
        data_sets = tuple(DataSetStatus(**data_set) for data_set in said["data_sets"])
        return cls(data_sets, said["files"], said["bytes"], said["snapshots"])


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
