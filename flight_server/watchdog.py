"""One thread that looks after all running statements: the client that gave up, the statement that ran too long."""

import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterator
from contextlib import contextmanager

from srcql.errors import Cancelled, SrcqlError, TimedOut

INTERVAL = 0.05


class Watch:
    """One running statement: the time that it computed (not the time that its reader took), and why it was stopped.

    `interrupt` should not wait for it: one that is in the midst of a long function hears nothing until this ends.
    """

    def __init__(
        self, gone: Callable[[], bool], handle: Hashable, timeout: float | None, interrupt: Callable[[], None]
    ) -> None:
        self.handle = handle
        self.timeout = timeout
        self.reason: SrcqlError | None = None
        self._gone = gone
        self._interrupt = interrupt
        self._clock: tuple[float, float | None] = (0.0, None)  # seconds computed before, since when it computes

    @contextmanager
    def computing(self) -> Iterator[None]:
        """The statement computes as long as this is open."""
        spent, since = self._clock[0], time.monotonic()
        self._clock = (spent, since)
        try:
            yield
        finally:
            self._clock = (spent + time.monotonic() - since, None)

    def stop(self, reason: SrcqlError) -> None:
        """Interrupt the statement; what its client is told is the first reason."""
        self.reason = self.reason or reason
        self._interrupt()

    def look(self) -> None:
        """Stop the statement when there is a reason to, again and again until it has heard."""
        spent, since = self._clock
        if self.reason:
            self.stop(self.reason)
        elif self._gone():
            self.stop(Cancelled("the client gave up"))
        elif self.timeout is not None and since is not None and spent + time.monotonic() - since > self.timeout:
            hint = "ask for less, or let the server be started with a larger SRCQL_STATEMENT_TIMEOUT"
            self.stop(TimedOut(f"the statement computed longer than {self.timeout:g} seconds", hint=hint))


class Watchdog:
    """All statements that run now.

    A call's context is a raw pointer that dies with the call: what is no longer watched is never looked at, because
    `forget` and the thread hold the same lock.
    """

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self._thread.start()

    def watch(self, watch: Watch) -> None:
        """Look after a statement until it is forgotten."""
        with self._changed:
            self._watches.add(watch)
            self._changed.notify()

    def forget(self, watch: Watch) -> None:
        """Never touch this statement again."""
        with self._changed:
            self._watches.discard(watch)

    def stop(self, reason: SrcqlError, handles: Collection[Hashable] | None = None) -> int:
        """Stop the statements of these handles, or all; how many there were."""
        with self._changed:
            stopped = [watch for watch in self._watches if handles is None or watch.handle in handles]
            for watch in stopped:
                watch.stop(reason)
            return len(stopped)

    def close(self) -> None:
        """Look after nothing any more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                for watch in self._watches:
                    watch.look()
                self._changed.wait(INTERVAL if self._watches else None)
