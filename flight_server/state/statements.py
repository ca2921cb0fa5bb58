"""Prepared statements that clients may come back to."""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

import pyarrow as pa

from srcql.errors import UnknownName


@dataclass(frozen=True)
class Asked:
    """A text, and rows of values for its parameters."""

    text: str
    values: pa.RecordBatch | None = None

    @property
    def size(self) -> int:
        """How many bytes it holds, about."""
        return len(self.text) + (self.values.get_total_buffer_size() if self.values else 0)


@dataclass
class _Entry:
    asked: Asked
    used: float


MOST_BYTES = 2**28  # of texts and values


class Statements:
    """Handles of statements; those unused for `ttl` seconds, and the least recently used of too many, are forgotten."""

    def __init__(self, limit: int, ttl: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._ttl = ttl
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        self.reap()
        return len(self._entries)

    def reap(self) -> None:
        """Forget what was not used for too long."""
        with self._lock:
            self._reap()

    def add(self, asked: Asked) -> bytes:
        """A new handle."""
        handle = secrets.token_bytes(16)
        with self._lock:
            self._entries[handle] = _Entry(asked, self._clock())
            self._size += asked.size
            self._reap()
        return handle

    def get(self, handle: bytes) -> Asked:
        """What a handle stands for; UnknownName when it was closed or forgotten."""
        with self._lock:
            return self._use(handle).asked

    def bind(self, handle: bytes, values: pa.RecordBatch) -> None:
        """Give the parameters of a prepared statement their values, one row or several."""
        with self._lock:
            entry = self._use(handle)
            self._size -= entry.asked.size
            entry.asked = replace(entry.asked, values=values)
            self._size += entry.asked.size
            self._reap()

    def drop(self, handle: bytes) -> bool:
        """Forget a handle; whether it was there."""
        with self._lock:
            return self._pop(handle) is not None

    def _use(self, handle: bytes) -> _Entry:
        self._reap()
        entry = self._entries.get(handle)
        if entry is None:
            raise UnknownName(
                "there is no such statement",
                hint=f"it was closed, or not used for {self._ttl:g} seconds: prepare or ask it again",
            )
        entry.used = self._clock()
        self._entries.move_to_end(handle)
        return entry

    def _reap(self) -> None:
        while self._entries:
            oldest, entry = next(iter(self._entries.items()))
            too_many = len(self._entries) > self._limit or self._size > MOST_BYTES
            if not too_many and self._clock() - entry.used <= self._ttl:
                return
            self._pop(oldest)

    def _pop(self, handle: bytes) -> _Entry | None:
        entry = self._entries.pop(handle, None)
        self._size -= entry.asked.size if entry else 0
        return entry
