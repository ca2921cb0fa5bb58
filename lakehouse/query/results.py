"""The rows of one execution: bound when it is created, run when its batches are read, interrupted from any thread."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, Protocol, Self, TypeVar

import duckdb
import pyarrow as pa

from lakehouse.query.arrow_types import arrow_schema, sendable
from lakehouse.query.batches import FEWEST_ROWS, joined, rows_to_read
from lakehouse.query.deadline import INTERRUPT_SECONDS
from srcql.errors import Cancelled

OVERFLOW = "maximum total string size"  # of a batch: 2 GB
KEY_VALUE_SCHEMA = pa.schema([pa.field("key", pa.string()), pa.field("value", pa.string())])
T = TypeVar("T")


class Executable(Protocol):
    """The members of a statement that an execution needs."""

    @property
    def sql(self) -> str:
        """The SQL that DuckDB runs."""

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor with the views that the SQL reads."""

    def translating_errors(
        self, cursor: duckdb.DuckDBPyConnection | None = None, prefix: str = ""
    ) -> AbstractContextManager[None]:
        """Raise DuckDB's errors as SrcqlErrors."""


class Result(ABC):
    """Rows that can be read once. Leaving it, by `with` or at the end of `reader`, closes it."""

    schema: pa.Schema

    @abstractmethod
    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows as record batches of `schema`."""

    @abstractmethod
    def interrupt(self, wait: bool = True) -> None:
        """End a running or later `batches`; may be called from another thread.

        Returns when `batches` has ended. With `wait` False it returns at once and may have to be called again.
        """

    @abstractmethod
    def close(self) -> None:
        """Release what the rows need."""

    def reader(self) -> pa.RecordBatchReader:
        """Return a reader of the rows, which closes the result at its end."""
        return pa.RecordBatchReader.from_batches(self.schema, self._closing())

    def _closing(self) -> Iterator[pa.RecordBatch]:
        with self:
            yield from self.batches()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def key_value_batch(pairs: Iterable[tuple[str, str]]) -> pa.RecordBatch:
    """Return pairs as a record batch of the columns `key` and `value`.

    >>> key_value_batch([("rows", "2")]).to_pylist()
    [{'key': 'rows', 'value': '2'}]
    """
    keys, values = zip(*pairs, strict=True)
    return pa.record_batch([pa.array(keys), pa.array(values)], schema=KEY_VALUE_SCHEMA)


class KeyValueResult(Result):
    """Rows of `key` and `value` that are in memory."""

    schema = KEY_VALUE_SCHEMA

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._rows = key_value_batch(pairs)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield all rows in one batch."""
        yield self._rows

    def interrupt(self, wait: bool = True) -> None:
        """Do nothing: no query runs."""

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


class QueryResult(Result):
    """Rows of a query, which holds a DuckDB cursor until `close`."""

    def __init__(self, statement: Executable, values: Sequence[Any]) -> None:
        self._statement = statement
        self._interrupted = threading.Event()
        self._idle = threading.Event()
        self._open = threading.Lock()  # keeps the cursor open while it is interrupted
        self._idle.set()
        with statement.translating_errors():
            self._cursor = statement.cursor()
        try:
            with statement.translating_errors(self._cursor):
                relation = self._cursor.sql(statement.sql, params=list(values))
                self._relation = sendable(relation)
                self.schema = arrow_schema(self._relation)
        except BaseException:
            self._cursor.close()
            raise
        self._columns = list(zip(relation.columns, map(str, relation.types), strict=True))

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Name and DuckDB type of each column of the query."""
        return self._columns

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Run the query and yield its record batches; raises Cancelled after `interrupt`."""
        with self._statement.translating_errors(self._cursor):
            yield from joined(self._read())

    def _read(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches that DuckDB converts; it starts again with few rows if the first ones are too wide."""
        reader, batch = self._start(rows_to_read(self.schema))
        while batch is not None:
            yield batch
            batch = self._interruptible(lambda: next(reader, None))

    def _start(self, rows: int) -> tuple[pa.RecordBatchReader, pa.RecordBatch | None]:
        reader = self._interruptible(lambda: self._relation.to_arrow_reader(rows))
        try:
            return reader, self._interruptible(lambda: next(reader, None))
        except OSError as error:
            if OVERFLOW not in str(error) or rows == FEWEST_ROWS:
                raise
        return self._start(FEWEST_ROWS)

    def interrupt(self, wait: bool = True) -> None:
        """Make a running or later `batches` raise Cancelled; may be called from another thread."""
        self._interrupted.set()
        while not self._idle.wait(INTERRUPT_SECONDS if wait else 0):
            with self._open, suppress(duckdb.Error):  # the cursor may just have been closed
                self._cursor.interrupt()
            if not wait:
                return

    def close(self) -> None:
        """Close the cursor; a query that runs on it in another thread raises Cancelled."""
        self.interrupt()
        with self._open:
            self._cursor.close()

    def _interruptible(self, work: Callable[[], T]) -> T:
        """Run a call into DuckDB. DuckDB ignores an interrupt that comes before it starts: `interrupt` repeats it."""
        self._idle.clear()
        try:
            if self._interrupted.is_set():
                raise Cancelled("the query was cancelled")
            return work()
        except RuntimeError as error:  # DuckDB's form of Ctrl-C
            raise (KeyboardInterrupt if str(error) == "Query interrupted" else error) from None
        finally:
            self._idle.set()
