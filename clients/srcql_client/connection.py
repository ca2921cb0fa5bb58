"""The interface of a connection, the same over the wire and in this process."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

from srcql.batch_id import OF_CONTENT, BatchId
from srcql.errors import suggestion
from srcql.receipt import Receipt
from srcql.status import Status

if TYPE_CHECKING:  # pyarrow is slow to import, and the command line does not always need it
    import pyarrow as pa

    from .batches import Rows


_EMPTY = suggestion("", (), "data sets")


def name_place(text: str, location: str) -> str:
    """Add the lakehouse to a message that ends with the hint that it has no data sets: it may be the wrong one."""
    return f"{text} in {location}" if text.endswith(_EMPTY) else text


class Connection(ABC):
    """A connection to one lakehouse; a context manager."""

    location: str

    @abstractmethod
    def stream(self, text: str) -> "pa.RecordBatchReader":
        """Run a query in SRCQL or SQL and return its rows, batch by batch.

        Raises SrcqlError: InvalidQuery, UnknownName, Forbidden, ... with line, column and a hint.
        """

    @abstractmethod
    def ingest(self, table: str, data: "Rows", batch_id: BatchId = OF_CONTENT) -> Receipt:
        """Add rows to `observations`, `tests` or `code_implementations`: all of them, or none.

        `data` is an Arrow table, batch or reader, a pandas or polars data frame, the path of a Parquet file, or an
        iterable of record batches, which is streamed. A batch id that was already written adds nothing.
        Without one it is a digest of the rows, so that sending them again adds nothing. None stands for a new id.
        Raises InvalidData for rows that the store rejects, and UnknownName for another table.
        """

    @abstractmethod
    def status(self) -> Status:
        """Return data sets, files and snapshots of the lakehouse."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""

    def query(self, text: str) -> "pa.Table":
        """Run a query in SRCQL or SQL and return its rows as one table; raises as `stream` does."""
        return self.stream(text).read_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
