"""Prepared statements and their handles."""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

import pyarrow as pa

from srcql.errors import UnknownName


@dataclass(frozen=True)
class PreparedStatement:
    """The text of a statement, and rows of values for its parameters."""

    text: str
    values: pa.RecordBatch | None = None

    @property
    def size(self) -> int:
        """The approximate size in bytes."""
        return len(self.text) + (self.values.get_total_buffer_size() if self.values else 0)


@dataclass
class _Entry:
    statement: PreparedStatement
    last_use: float


MAX_BYTES = 2**28  # of texts and values


class PreparedStatements:
    """Prepared statements by handle.

    A statement is discarded after `ttl` seconds without use; above `limit` statements or MAX_BYTES the least recently
    used are discarded.
    """

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
        """Discard expired statements."""
        with self._lock:
            self._reap()

    def add(self, statement: PreparedStatement) -> bytes:
        """Store a statement and return its new handle."""
        handle = secrets.token_bytes(16)
        with self._lock:
            self._entries[handle] = _Entry(statement, self._clock())
            self._size += statement.size
            self._reap()
        return handle

    def get(self, handle: bytes) -> PreparedStatement:
        """Return the statement of a handle; raise UnknownName if it was closed or discarded."""
        with self._lock:
            return self._use(handle).statement

    def bind(self, handle: bytes, values: pa.RecordBatch) -> None:
        """Set the values of a statement's parameters: one row or several."""
        with self._lock:
            entry = self._use(handle)
            self._size -= entry.statement.size
            entry.statement = replace(entry.statement, values=values)
            self._size += entry.statement.size
            self._reap()

    def remove(self, handle: bytes) -> bool:
        """Discard a handle; return whether it was known."""
        with self._lock:
            return self._pop(handle) is not None

    def _use(self, handle: bytes) -> _Entry:
        self._reap()
        entry = self._entries.get(handle)
        if entry is None:
            raise UnknownName(
                "unknown prepared statement",
                hint=f"prepare it again; it was closed, or unused for {self._ttl:g} seconds",
            )
        entry.last_use = self._clock()
        self._entries.move_to_end(handle)
        return entry

    def _reap(self) -> None:
        while self._entries:
            oldest, entry = next(iter(self._entries.items()))
            too_many = len(self._entries) > self._limit or self._size > MAX_BYTES
            if not too_many and self._clock() - entry.last_use <= self._ttl:
                return
            self._pop(oldest)

    def _pop(self, handle: bytes) -> _Entry | None:
        entry = self._entries.pop(handle, None)
        self._size -= entry.statement.size if entry else 0
        return entry
