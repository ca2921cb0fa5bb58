"""Turns at a resource that serves one caller at a time."""

import threading
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from srcql.errors import Unavailable


class Turns:
    """Callers wait in one line for each key, and the lines take turns: a long line does not delay the others.

    A line holds at most `line` waiting callers, all lines together at most `total`.
    """

    def __init__(self, line: int, total: int) -> None:
        self._limits = line, total
        self._lock = threading.Lock()
        self._busy = False
        self._lines: OrderedDict[str, deque[threading.Event]] = OrderedDict()

    @contextmanager
    def take(self, key: str) -> Iterator[None]:
        """Wait for a turn and hold it; raise Unavailable if too many wait.

        >>> turns = Turns(line=1, total=8)
        >>> with turns.take("ada"):
        ...     pass
        """
        self._join(key).wait()
        try:
            yield
        finally:
            self._pass_on()

    def _join(self, key: str) -> threading.Event:
        turn, (most_in_line, most) = threading.Event(), self._limits
        with self._lock:
            if not self._busy:
                self._busy = True
                turn.set()
                return turn
            line = self._lines.get(key, deque())
            if len(line) >= most_in_line or sum(map(len, self._lines.values())) >= most:
                raise Unavailable("too many logins at once", hint="try again in a moment")
            line.append(turn)
            self._lines[key] = line
        return turn

    def _pass_on(self) -> None:
        """Give the turn to the first caller of the next line; that line is then the last."""
        with self._lock:
            self._busy = bool(self._lines)
            if not self._lines:
                return
            key, line = self._lines.popitem(last=False)
            line.popleft().set()
            if line:
                self._lines[key] = line
