"""The interface of a connection, the same over the wire and in this process."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:  # pyarrow is slow to import, and the command line does not always need it
    import pyarrow as pa

    from .batches import Rows


@dataclass(frozen=True)
class Receipt:
    """The outcome of one ingest; `repeated` if the batch id was already written, and this call added nothing."""

    table: str
    rows: int
    snapshot_id: int
    batch_id: str
    repeated: bool

    @property
    def added(self) -> int:
        """Rows that this call added.

        >>> Receipt("observations", 12, 1, "import-7", repeated=True).added
        0
        """
        return 0 if self.repeated else self.rows


@dataclass(frozen=True)
class DataSetStatus:
    """Counts of one data set."""

    data_set_id: str
    problems: int
    implementations: int
    runs: int
    rows: int


@dataclass(frozen=True)
class Status:
    """The contents of a lakehouse: its data sets, data files, their size and the number of snapshots."""

    data_sets: tuple[DataSetStatus, ...]
    files: int
    bytes: int
    snapshots: int

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Status":
        """Return the status with the fields that the store or a server returned."""
        data_sets = tuple(DataSetStatus(**data_set) for data_set in fields["data_sets"])
        return cls(data_sets, fields["files"], fields["bytes"], fields["snapshots"])


class Connection(ABC):
    """A connection to one lakehouse; a context manager."""

    location: str

    @abstractmethod
    def stream(self, text: str) -> "pa.RecordBatchReader":
        """Run a query in SRCQL or SQL and return its rows, batch by batch.

        Raises SrcqlError: InvalidQuery, UnknownName, Forbidden, ... with line, column and a hint.
        """

    @abstractmethod
    def ingest(self, table: str, data: "Rows", batch_id: str | None = None) -> Receipt:
        """Add rows to `observations`, `tests` or `code_implementations`: all of them, or none.

        `data` is an Arrow table, batch or reader, a pandas or polars data frame, the path of a Parquet file, or an
        iterable of record batches, which is streamed. A batch id that was already written adds nothing.
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
