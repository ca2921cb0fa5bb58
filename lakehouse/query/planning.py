"""What a verb has to know of the rows before it can be lowered: asked of the same snapshot, under the same rules."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import duckdb

from lakehouse.query.duckdb_errors import explain
from lakehouse.query.sandbox import inspect
from lakehouse.query.views import Views
from lakehouse.snapshots.parts import Part
from lakehouse.snapshots.snapshot import LakehouseSnapshot
from srcql.clauses.equality import CANONICAL, Equality
from srcql.compiled import Compiled
from srcql.errors import Cancelled, SrcqlError, TimedOut

INTERRUPT_SECONDS = 0.005
LOOK_SECONDS = 0.05

# Whether who asks in this thread has given up; it is not kept with a statement, which lives longer.
given_up: ContextVar[Callable[[], bool]] = ContextVar("given_up", default=lambda: False)


@dataclass(frozen=True)
class Terms:
    """What a statement is planned under, beside its snapshot.

    `seconds` is how long a question may take that has to be answered before it can be compiled, any time when None;
    `part` is what of its problems it reads, `equality` what a verb without USING is read as.
    """

    seconds: float | None = None
    part: Part | None = None
    equality: Equality = CANONICAL


class Planning(Views):
    """The relations of a statement that is being planned; `parameters` is None where they are not known yet.

    `guessed` says that the plan is good for once: a question had parameters which were not known, so that NULL stood
    for them, or may be answered otherwise the next time.
    """

    def __init__(
        self,
        snapshot: LakehouseSnapshot,
        connection: duckdb.DuckDBPyConnection,
        parameters: Sequence[Any] | None,
        terms: Terms,
    ) -> None:
        super().__init__(snapshot, terms.part, terms.equality)
        self._seconds = terms.seconds
        self._connection = connection
        self._parameters = parameters
        self.guessed = False

    def ask(self, question: Compiled, same_again: bool) -> list[tuple[Any, ...]]:
        """The rows of a query; it may do what a statement may, for as long."""
        self.guessed = self.guessed or not same_again
        with self._connection.cursor() as cursor, placed(question, cursor), self._in_time(cursor):
            reading = inspect(cursor, question.sql, self.names)
            for view in sorted(reading.tables):
                cursor.execute(self.definition(view))
            values = {name: self._value(name) for name in reading.parameters}
            rows: list[tuple[Any, ...]] = cursor.execute(question.sql, values).fetchall()
            return rows

    @contextmanager
    def _in_time(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Interrupt what takes longer than planning may."""
        ended, gone = threading.Event(), given_up.get()
        waiting = threading.Thread(target=self._interrupt_late, args=(cursor, ended, gone), daemon=True)
        waiting.start()
        try:
            yield
        except duckdb.InterruptException:
            if gone():
                raise Cancelled("the client gave up") from None
            hint = "ask for less, or let the server be started with a larger SRCQL_STATEMENT_TIMEOUT"
            raise TimedOut(f"planning took longer than {self._seconds:g} seconds", hint=hint) from None
        finally:
            ended.set()
            waiting.join()  # who asks may be looked at no longer

    def _interrupt_late(
        self, cursor: duckdb.DuckDBPyConnection, ended: threading.Event, gone: Callable[[], bool]
    ) -> None:
        last = math.inf if self._seconds is None else time.monotonic() + self._seconds
        while not ended.wait(min(LOOK_SECONDS, max(0, last - time.monotonic()))):
            if gone() or time.monotonic() >= last:
                break
        while not ended.wait(INTERRUPT_SECONDS):
            with suppress(duckdb.Error):  # it may just have been closed
                cursor.interrupt()

    def _value(self, name: str) -> Any:
        number = int(name) if name.isdecimal() else 0
        if self._parameters is not None and 0 < number <= len(self._parameters):
            return self._parameters[number - 1]
        self.guessed = True
        return None


@contextmanager
def placed(compiled: Compiled, cursor: duckdb.DuckDBPyConnection | None = None, ahead: int = 0) -> Iterator[None]:
    """Turn DuckDB's errors into ours, and positions in the SQL into positions in the user's text.

    `ahead` is how many letters were sent before the SQL.
    """
    try:
        yield
    except SrcqlError as error:
        raise _at_its_place(compiled, error) from None
    except (duckdb.Error, OSError) as error:
        raise _at_its_place(compiled, explain(error, compiled.sql, cursor, ahead)) from None


def _at_its_place(compiled: Compiled, error: SrcqlError) -> SrcqlError:
    if error.span and error.text is None:
        start, last = (compiled.locate(offset) for offset in (error.span[0], error.span[1] - 1))
        error.span = (start, last + 1) if start is not None and last is not None else None
        error.text = compiled.text
    return error
