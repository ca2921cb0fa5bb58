"""A time limit on the queries that run while a statement is compiled, which also ends when the client cancels."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

import duckdb

from srcql.errors import Cancelled, TimedOut

INTERRUPT_SECONDS = 0.005  # DuckDB ignores an interrupt that comes before it starts, so interrupts are repeated
POLL_SECONDS = 0.05
LONG_COMPILE = "select less data, or raise SRCQL_STATEMENT_TIMEOUT on the server"

# Whether the client of the current call has cancelled it. A statement is cached and outlives the call, so it cannot
# hold this.
client_cancelled: ContextVar[Callable[[], bool]] = ContextVar("client_cancelled", default=lambda: False)


@contextmanager
def time_limit(cursor: duckdb.DuckDBPyConnection, seconds: float | None) -> Iterator[None]:
    """Interrupt what runs on the cursor after so many seconds, or when the client cancels.

    Raises TimedOut or Cancelled. None means no limit.
    """
    ended, cancelled = threading.Event(), client_cancelled.get()
    watch = threading.Thread(target=_interrupt_when_due, args=(cursor, seconds, ended, cancelled), daemon=True)
    watch.start()
    try:
        yield
    except duckdb.InterruptException:
        if cancelled():
            raise Cancelled("the client cancelled the call or disconnected") from None
        assert seconds is not None
        raise compiled_too_long(seconds) from None
    finally:
        ended.set()
        watch.join()  # `cancelled` must not be called after the call has ended


def compiled_too_long(seconds: float) -> TimedOut:
    """Return the error of a query whose compilation took longer than that."""
    return TimedOut(f"compiling the query took longer than {seconds:g} seconds", hint=LONG_COMPILE)


def _interrupt_when_due(
    cursor: duckdb.DuckDBPyConnection, seconds: float | None, ended: threading.Event, cancelled: Callable[[], bool]
) -> None:
    due = math.inf if seconds is None else time.monotonic() + seconds
    while not ended.wait(min(POLL_SECONDS, max(0, due - time.monotonic()))):
        if cancelled() or time.monotonic() >= due:
            break
    while not ended.wait(INTERRUPT_SECONDS):
        with suppress(duckdb.Error):  # the cursor may just have been closed
            cursor.interrupt()
