"""Problem: a cache that evicts the least recently used entry. Each test calls one object several times."""

import random
from collections import OrderedDict

from ..problem import Call, Problem


class OrderedCache:
    """Correct."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.entries: OrderedDict[str, int] = OrderedDict()

    def get(self, key: str) -> int | None:
        """Return the value of a key, and mark it as used."""
        if key in self.entries:
            self.entries.move_to_end(key)
        return self.entries.get(key)

    def put(self, key: str, value: int) -> None:
        """Store a value, and evict the oldest entry of a full cache."""
        self.entries[key] = value
        self.entries.move_to_end(key)
        if len(self.entries) > self.capacity:
            self.entries.popitem(last=False)

    def size(self) -> int:
        """Return the number of entries."""
        return len(self.entries)


class PlainDictCache:
    """Correct: a dict keeps the order of insertion."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.entries: dict[str, int] = {}

    def get(self, key: str) -> int | None:
        """Return the value of a key, and mark it as used."""
        if key not in self.entries:
            return None
        self.entries[key] = self.entries.pop(key)
        return self.entries[key]

    def put(self, key: str, value: int) -> None:
        """Store a value, and evict the oldest entry of a full cache."""
        self.entries.pop(key, None)
        self.entries[key] = value
        if len(self.entries) > self.capacity:
            del self.entries[next(iter(self.entries))]

    def size(self) -> int:
        """Return the number of entries."""
        return len(self.entries)


class ClockCache:
    """Correct: stores the time of use of each key."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.now = capacity, 0
        self.values: dict[str, int] = {}
        self.used: dict[str, int] = {}

    def _touch(self, key: str) -> None:
        self.now += 1
        self.used[key] = self.now

    def get(self, key: str) -> int | None:
        """Return the value of a key, and mark it as used."""
        if key in self.values:
            self._touch(key)
        return self.values.get(key)

    def put(self, key: str, value: int) -> None:
        """Store a value, and evict the oldest entry of a full cache."""
        self.values[key] = value
        self._touch(key)
        if len(self.values) > self.capacity:
            oldest = min(self.values, key=self.used.__getitem__)
            del self.values[oldest]

    def size(self) -> int:
        """Return the number of entries."""
        return len(self.values)


class ReadsDoNotCount(OrderedCache):
    """Wrong: a read does not mark a key as used."""

    def get(self, key: str) -> int | None:
        """Return the value of a key."""
        return self.entries.get(key)


class WritesDoNotCount(OrderedCache):
    """Wrong: a second write does not mark a key as used."""

    def put(self, key: str, value: int) -> None:
        """Store a value, and evict the oldest entry of a full cache."""
        self.entries[key] = value
        if len(self.entries) > self.capacity:
            self.entries.popitem(last=False)


class OneTooMany(OrderedCache):
    """Wrong: holds one entry too many."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity + 1)


class ForgetsTheYoungest(OrderedCache):
    """Wrong: evicts the newest entry."""

    def put(self, key: str, value: int) -> None:
        """Store a value, unless the cache is full."""
        self.entries[key] = value
        if len(self.entries) > self.capacity:
            self.entries.popitem(last=True)


def _tests() -> dict[str, tuple[Call, ...]]:
    rng = random.Random(7)
    return {f"session_{n:02}": _session(rng) for n in range(1, 13)}


def _session(rng: random.Random) -> tuple[Call, ...]:
    """Return calls that use three keys in a cache of two entries."""
    calls = [Call("create", (2,))]
    for _ in range(12):
        key = rng.choice("abc")
        calls.append(rng.choice((Call("get", (key,)), Call("put", (key, rng.randrange(100))))))
    return (*calls, Call("size", ()))


PROBLEM = Problem(
    "lru_cache",
    "Problem { create(int)->Problem get(string)->int put(string,int)->void size()->int }",
    (OrderedCache, PlainDictCache, ClockCache, ReadsDoNotCount, WritesDoNotCount, OneTooMany, ForgetsTheYoungest),
    _tests(),
)
