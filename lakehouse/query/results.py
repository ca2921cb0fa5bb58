"""Rows of an execution: bound and not yet run, run when their batches are asked for, and interrupted from elsewhere."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

import duckdb
import pyarrow as pa

from lakehouse.query.planning import INTERRUPT_SECONDS
from srcql.errors import Cancelled

if TYPE_CHECKING:
    from lakehouse.engine import Statement

BATCH_ROWS = 65_536
KEYS_AND_VALUES = pa.schema([pa.field("key", pa.string()), pa.field("value", pa.string())])


class Answer(ABC):
    """Rows that are asked for once; whoever leaves it, by `with` or at the end of `reader`, closes it."""

    schema: Any

    @abstractmethod
    def batches(self) -> Iterator[Any]:
        """The rows, as record batches of `schema`."""

    @abstractmethod
    def interrupt(self, wait: bool = True) -> None:
        """Make a running or coming `batches` end; may be called from another thread.

        It waits until it was heard; with `wait` False it does not, and may have to be called again.
        """

    @abstractmethod
    def close(self) -> None:
        """Give back what the rows need."""

    def reader(self) -> Any:
        """The rows as a pa.RecordBatchReader, which closes the answer when it ends."""
        return pa.RecordBatchReader.from_batches(self.schema, self._closing())

    def _closing(self) -> Iterator[Any]:
        with self:
            yield from self.batches()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def keys_and_values(said: Iterable[tuple[str, str]]) -> Any:
    """Rows of `key` and `value` as a record batch.

    >>> keys_and_values([("rows", "2")]).to_pylist()
    [{'key': 'rows', 'value': '2'}]
    """
    keys, values = zip(*said, strict=True)
    return pa.record_batch([pa.array(keys), pa.array(values)], schema=KEYS_AND_VALUES)


class Known(Answer):
    """Rows of `key` and `value` that are known before they are asked for."""

    schema = KEYS_AND_VALUES

    def __init__(self, said: Iterable[tuple[str, str]]) -> None:
        self._rows = keys_and_values(said)

    def batches(self) -> Iterator[Any]:
        """All of them at once."""
        yield self._rows

    def interrupt(self, wait: bool = True) -> None:
        """Nothing: they are there."""

    def close(self) -> None:
        """Nothing: they hold nothing."""


class Result(Answer):
    """Rows of one execution, bound and not yet run: a DuckDB cursor that is given back by `close`."""

    def __init__(self, statement: "Statement", parameters: Sequence[Any]) -> None:
        self._statement = statement
        self._interrupted = threading.Event()
        self._idle = threading.Event()
        self._open = threading.Lock()  # the cursor is not closed while it is interrupted
        self._idle.set()
        with statement.explained():
            self._cursor = statement.cursor()
        try:
            with statement.explained(self._cursor):
                self._relation = self._cursor.sql(statement.sql, params=list(parameters))
        except BaseException:
            self._cursor.close()
            raise
        self.schema = arrow_schema(self._relation)

    @property
    def columns(self) -> list[tuple[str, str]]:
        """The columns of the rows, and DuckDB's types of them."""
        return list(zip(self._relation.columns, map(str, self._relation.types), strict=True))

    def batches(self) -> Iterator[Any]:
        """Run the query and yield its record batches; ends with Cancelled after `interrupt`."""
        with self._statement.explained(self._cursor):
            rows = self._step(lambda: self._relation.to_arrow_reader(BATCH_ROWS))
            while (batch := self._step(lambda: next(rows, None))) is not None:
                yield batch

    def interrupt(self, wait: bool = True) -> None:
        """Make a running or coming `batches` end with Cancelled; may be called from another thread."""
        self._interrupted.set()
        while not self._idle.wait(INTERRUPT_SECONDS if wait else 0):
            with self._open, suppress(duckdb.Error):  # it may just have been closed
                self._cursor.interrupt()
            if not wait:
                return

    def close(self) -> None:
        """Give the cursor back; what runs on it in another thread ends with Cancelled."""
        self.interrupt()
        with self._open:
            self._cursor.close()

    def _step(self, work: Callable[[], Any]) -> Any:
        """Let DuckDB work. It forgets an interrupt that comes before it begins, hence the repetition in `interrupt`."""
        self._idle.clear()
        try:
            if self._interrupted.is_set():
                raise Cancelled("the query was cancelled")
            return work()
        except RuntimeError as error:  # how DuckDB hands on Ctrl-C
            raise (KeyboardInterrupt if str(error) == "Query interrupted" else error) from None
        finally:
            self._idle.set()


def arrow_schema(relation: duckdb.DuckDBPyRelation) -> Any:
    """Schema (pa.Schema) of a bound relation's rows."""
    columns = zip(relation.columns, relation.types, strict=True)
    return pa.schema([pa.field(name, _arrow_type(str(found))) for name, found in columns])


@lru_cache(maxsize=1024)
def _arrow_type(found: str) -> Any:
    """The Arrow type that DuckDB gives one of its own; it is asked once."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.sql(f"SELECT NULL::{found} WHERE false").to_arrow_table().schema.types[0]
