"""One thread that stops running statements: on client disconnect, timeout, cancellation and shutdown."""

import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from srcql.errors import Cancelled, SrcqlError, TimedOut

Item = TypeVar("Item")
INTERVAL = 0.05


def ran_too_long(seconds: float) -> TimedOut:
    """Return the error of a statement that computed longer than that."""
    hint = "select less data, or raise SRCQL_STATEMENT_TIMEOUT or the session option timeout"
    return TimedOut(f"the statement ran longer than {seconds:g} seconds", hint=hint)


class Watch:
    """One running statement: its computing time, without its reader's time, and the reason why it was stopped.

    `interrupt` must not block: DuckDB notices an interrupt only after its current function call.
    """

    def __init__(
        self,
        is_cancelled: Callable[[], bool],
        handle: Hashable,
        timeout: float | None,
        interrupt: Callable[[], None],
    ) -> None:
        self.handle = handle
        self.timeout = timeout
        self.reason: SrcqlError | None = None
        self._is_cancelled = is_cancelled
        self._interrupt = interrupt
        self._clock: tuple[float, float | None] = (0.0, None)  # seconds computed before, start of the current period

    @contextmanager
    def measure_time(self) -> Iterator[None]:
        """Count the time in this context as computing time."""
        spent, since = self._clock[0], time.monotonic()
        self._clock = (spent, since)
        try:
            yield
        finally:
            self._clock = (spent + time.monotonic() - since, None)

    def watched(self, items: Iterator[Item]) -> Iterator[Item]:
        """Yield the items; the time that they take is computing time. Raises the reason why the statement stopped."""
        while True:
            try:
                with self.measure_time():
                    item = next(items, None)
            except Exception as error:
                raise self.reason or error from error
            if self.reason:
                raise self.reason
            if item is None:
                return
            yield item

    def stop(self, reason: SrcqlError) -> None:
        """Interrupt the statement; its client receives the first reason."""
        self.reason = self.reason or reason
        self._interrupt()

    def check(self) -> None:
        """Stop the statement if there is a reason; interrupt a stopped one again until it ends."""
        spent, since = self._clock
        if self.reason:
            self.stop(self.reason)
        elif self._is_cancelled():
            self.stop(Cancelled("the client cancelled the call or disconnected"))
        elif self.timeout is not None and since is not None and spent + time.monotonic() - since > self.timeout:
            self.stop(ran_too_long(self.timeout))


class Watchdog:
    """The watches of all running statements.

    A call's context is a raw pointer that dies with the call. `discard` and the thread hold the same lock, so the
    thread never touches a discarded watch.
    """

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self._thread.start()

    def add(self, watch: Watch) -> None:
        """Check a statement regularly until `discard`."""
        with self._changed:
            self._watches.add(watch)
            self._changed.notify()

    def discard(self, watch: Watch) -> None:
        """Never touch this statement again."""
        with self._changed:
            self._watches.discard(watch)

    def stop(self, reason: SrcqlError, handles: Collection[Hashable] | None = None) -> int:
        """Stop the statements with these handles, by default all; return their number."""
        with self._changed:
            stopped = [watch for watch in self._watches if handles is None or watch.handle in handles]
            for watch in stopped:
                watch.stop(reason)
            return len(stopped)

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                for watch in self._watches:
                    watch.check()
                self._changed.wait(INTERVAL if self._watches else None)
