"""Limit on the statements that run at once; others wait in line. All streams of one statement share one slot."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from srcql.errors import Unavailable

HINT = "try again in a moment"
Leave = Callable[[], None]


class Waiting:
    """One stream in the line; `leave` ends its wait."""

    def __init__(self, identifier: Hashable) -> None:
        self.identifier = identifier
        self.has_slot = False
        self._ended = threading.Event()
        self.leave: Leave = self._ended.set

    def admit(self) -> None:
        """Give it a slot."""
        self.has_slot = True
        self._ended.set()

    def wait(self, seconds: float) -> None:
        """Return when it has a slot, leaves, or has waited so long."""
        self._ended.wait(seconds)


class Slots:
    """Slots of running statements, by the id of their tickets.

    A statement waits in line while all slots are taken. A further stream of a running statement never waits: clients
    read the parts of a result in order, so a part that waits for another one could wait for ever. A client that waits
    for one statement while it leaves another unread may wait for itself; `seconds` ends that.
    """

    def __init__(self, statements: int, parts: int, queue: int = 0, seconds: float = 0) -> None:
        self._statements = statements
        self._parts = parts
        self._queue = queue
        self._seconds = seconds
        self._lock = threading.Lock()
        self._running: Counter[Hashable] = Counter()
        self._waiting: deque[Waiting] = deque()

    @contextmanager
    def acquire(
        self, identifier: Hashable, watched: Callable[[Leave], AbstractContextManager[object]] = lambda _: nullcontext()
    ) -> Iterator[None]:
        """Hold a slot for one stream of a statement, after a wait in line; raise Unavailable at the limits.

        While the stream waits it is inside `watched(leave)`, which may call `leave`, and raise the reason at its end.

        >>> slots = Slots(statements=1, parts=2)
        >>> with slots.acquire(b"a"), slots.acquire(b"a"):
        ...     pass
        """
        waiting = self._enter(identifier)
        try:
            if not waiting.has_slot:
                with watched(waiting.leave):
                    waiting.wait(self._seconds)
            if not waiting.has_slot:
                message = f"{self._statements} statements are already running; waited {self._seconds:g} seconds for one"
                raise Unavailable(message, hint=HINT)
            yield
        finally:
            self._leave(waiting)

    def _enter(self, identifier: Hashable) -> Waiting:
        """Return a stream that has a slot or is the last in line."""
        entered = Waiting(identifier)
        with self._lock:
            streams = self._running[identifier] + sum(other.identifier == identifier for other in self._waiting)
            if streams >= self._parts:
                raise Unavailable(f"{self._parts} streams of this statement are already running", hint=HINT)
            if identifier in self._running or (len(self._running) < self._statements and not self._waiting):
                self._admit(entered)
            elif len(self._waiting) >= self._queue:
                waiting = f" and {self._queue} wait" if self._queue else ""
                raise Unavailable(f"{self._statements} statements are already running{waiting}", hint=HINT)
            else:
                self._waiting.append(entered)
        return entered

    def _leave(self, left: Waiting) -> None:
        with self._lock:
            if not left.has_slot:
                self._waiting.remove(left)
                return
            self._running[left.identifier] -= 1
            self._running = +self._running
            while self._waiting and len(self._running) < self._statements:
                first = self._waiting[0].identifier
                for stream in [other for other in self._waiting if other.identifier == first]:
                    self._waiting.remove(stream)
                    self._admit(stream)

    def _admit(self, stream: Waiting) -> None:
        self._running[stream.identifier] += 1
        stream.admit()
