"""How many statements run at once. The parts of one result are one statement, which has one slot for all of them."""

import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from srcql.errors import Unavailable

HINT = "ask again in a moment"


class Slots:
    """Slots for statements, by the id of their tickets.

    A part that waited for a slot could wait for ever: for another part of its result, which is not read before it.
    """

    def __init__(self, statements: int, parts: int) -> None:
        self._statements = statements
        self._parts = parts
        self._lock = threading.Lock()
        self._running: Counter[Hashable] = Counter()

    @contextmanager
    def taken(self, identifier: Hashable) -> Iterator[None]:
        """A slot for one of the streams of a statement; Unavailable when there is none.

        >>> slots = Slots(statements=1, parts=2)
        >>> with slots.taken(b"a"), slots.taken(b"a"):
        ...     pass
        """
        with self._lock:
            if identifier not in self._running and len(self._running) >= self._statements:
                raise Unavailable(f"{self._statements} statements are running", hint=HINT)
            if self._running[identifier] >= self._parts:
                raise Unavailable(f"{self._parts} streams of this statement are running", hint=HINT)
            self._running[identifier] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[identifier] -= 1
                if not self._running[identifier]:
                    del self._running[identifier]
