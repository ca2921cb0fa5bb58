"""Statements that a client may come back to: prepared ones, and results that were announced and not yet closed."""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from flight_server.results import sent_as
from flight_server.several import Rows, Several
from lakehouse.engine import Prepared
from srcql.errors import UnknownName

NOBODY = b""


@dataclass(frozen=True)
class Asked:
    """A statement and the rows of values that it is asked for, one after another; without parameters an empty one."""

    statement: Prepared
    values: Rows = ((),)

    @property
    def schema(self) -> pa.Schema:
        """Schema of the rows; that of a parameter's column is known from its value."""
        if not self.statement.parameters:
            return sent_as(self.statement.schema)
        with self.execute() as result:
            return sent_as(result.schema)

    def execute(self) -> Any:
        """The rows, bound and not yet run."""
        return self.statement.execute(self.values[0]) if len(self.values) == 1 else Several(self.statement, self.values)


@dataclass
class _Entry:
    asked: Asked
    used: float
    parent: bytes
    results: set[bytes] = field(default_factory=set)


class Statements:
    """Handles of statements; those unused for `ttl` seconds, and the least recently used of too many, are forgotten."""

    def __init__(self, limit: int, ttl: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._ttl = ttl
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def add(self, asked: Asked, parent: bytes = NOBODY) -> bytes:
        """A new handle; it is dropped together with its parent."""
        handle = secrets.token_bytes(16)
        with self._lock:
            self._entries[handle] = _Entry(asked, self._clock(), parent)
            if parent in self._entries:
                self._entries[parent].results.add(handle)
            self._reap()
        return handle

    def get(self, handle: bytes) -> Asked:
        """What a handle stands for; UnknownName when it was closed or forgotten."""
        with self._lock:
            return self._use(handle).asked

    def bind(self, handle: bytes, values: Rows) -> None:
        """Give the parameters of a prepared statement their values, one row or several."""
        with self._lock:
            entry = self._use(handle)
            entry.asked = replace(entry.asked, values=values)

    def drop(self, handle: bytes) -> bool:
        """Forget a handle and the results that were announced for it; whether it was there."""
        with self._lock:
            return self._drop(handle)

    def _use(self, handle: bytes) -> _Entry:
        self._reap()
        entry = self._entries.get(handle)
        if entry is None:
            raise UnknownName(
                "there is no such statement",
                hint=f"it was closed, or not used for {self._ttl:g} seconds: prepare or ask it again",
            )
        if entry.parent in self._entries:
            self._use(entry.parent)
        entry.used = self._clock()
        self._entries.move_to_end(handle)
        return entry

    def _reap(self) -> None:
        while self._entries:
            oldest, entry = next(iter(self._entries.items()))
            if len(self._entries) <= self._limit and self._clock() - entry.used <= self._ttl:
                return
            self._drop(oldest)

    def _drop(self, handle: bytes) -> bool:
        entry = self._entries.pop(handle, None)
        if entry is None:
            return False
        if entry.parent in self._entries:
            self._entries[entry.parent].results.discard(handle)
        for result in entry.results:
            self._drop(result)
        return True
