"""Limit on the statements that run at once. All streams of one statement share one slot."""

import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from srcql.errors import Unavailable

HINT = "try again in a moment"


class Slots:
    """Slots of running statements, by the id of their tickets.

    `acquire` never blocks: clients read the parts of a result in order, so waiting could deadlock.
    """

    def __init__(self, statements: int, parts: int) -> None:
        self._statements = statements
        self._parts = parts
        self._lock = threading.Lock()
        self._running: Counter[Hashable] = Counter()

    @contextmanager
    def acquire(self, identifier: Hashable) -> Iterator[None]:
        """Hold a slot for one stream of a statement; raise Unavailable at the limit.

        >>> slots = Slots(statements=1, parts=2)
        >>> with slots.acquire(b"a"), slots.acquire(b"a"):
        ...     pass
        """
        with self._lock:
            if identifier not in self._running and len(self._running) >= self._statements:
                raise Unavailable(f"{self._statements} statements are already running", hint=HINT)
            if self._running[identifier] >= self._parts:
                raise Unavailable(f"{self._parts} streams of this statement are already running", hint=HINT)
            self._running[identifier] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[identifier] -= 1
                if not self._running[identifier]:
                    del self._running[identifier]
