"""The interface of a connection, the same over the wire and in this process."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from srcql.batch_id import OF_CONTENT, BatchId
from srcql.errors import InvalidQuery, StoreError, suggestion
from srcql.receipt import Receipt
from srcql.status import Status

from .notebook import show_tables

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
    _closed = False

    @abstractmethod
    def stream(self, text: str, parameters: Sequence[object] = ()) -> "pa.RecordBatchReader":
        """Run a query in SRCQL or SQL and return its rows, batch by batch; `parameters` are the values of `?`.

        Raises SrcqlError: InvalidQuery, UnknownName, Forbidden, ... with line, column and a hint.
        """

    @abstractmethod
    def ingest(self, table: str, data: "Rows", batch_id: BatchId = OF_CONTENT, evolve: bool = False) -> Receipt:
        """Add rows to `observations`, `tests` or `code_implementations`: all of them, or none.

        `data` is an Arrow table, batch or reader, a pandas or polars data frame, a list of dictionaries, the path of
        a file (`.jsonl`, `.csv`, or Parquet), or an iterable of record batches, which is streamed. A batch id that was
        already written adds nothing. Without one it is a digest of the rows, so that sending them again adds nothing.
        None stands for a new id. `evolve` adds the columns that the table does not have.
        Raises InvalidData for rows that the store rejects, and UnknownName for another table.
        """

    @abstractmethod
    def status(self) -> Status:
        """Return data sets, files and snapshots of the lakehouse."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""

    def query(self, text: str, parameters: Sequence[object] = ()) -> "pa.Table":
        """Run a query in SRCQL or SQL and return its rows as one table; takes and raises what `stream` does.

        A notebook shows the table with its rows.
        """
        show_tables()
        return self.stream(text, parameters).read_all()

    def _check_open(self) -> None:
        if self._closed:
            hint = "open a new connection with srcql_client.connect"
            raise StoreError(f"the connection to {self.location} is closed", hint=hint)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def check_query(text: object, parameters: object) -> None:
    """Raise InvalidQuery if a query is not text, or its parameters are no sequence of values."""
    if not isinstance(text, str):
        raise InvalidQuery(f"expected a query as text, found a value of type {type(text).__name__}")
    if isinstance(parameters, str | bytes) or not isinstance(parameters, Sequence):
        hint = "pass a list with one value for each ?"
        raise InvalidQuery(
            f"expected a list of parameters, found a value of type {type(parameters).__name__}", hint=hint
        )
