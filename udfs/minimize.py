"""The smallest tests that distinguish all clusters: `__minimal_tests`, which MINIMIZE calls in DuckDB.

Clusters are numbered from 0, tests from 1. A test is the list of the clusters that ran it, and the class of each
cluster's cell, from 1; the clusters that did not run it form one more class.

1. The greedy choice repeatedly picks the test that separates most pairs of implementations that no earlier pick
   separates; of equal tests the first.
2. A cluster may then lack a row for every pick, and so would not appear in their rows. To prevent this, an empty
   cluster, with no implementations and no tests, must be separated too: by the first test that any such cluster ran.
3. Each pick that the others make redundant is dropped, the last first.

Gains only shrink, so most are never counted again (Minoux, Accelerated greedy algorithms for maximizing submodular set
functions, 1978).

>>> four = [([0, 1, 2, 3], classes) for classes in ([1, 1, 2, 2], [1, 2, 3, 3], [1, 1, 1, 2])]
>>> minimal_tests([1, 1, 1, 1], four)
[(1, 2, 5, 3), (2, 3, 1, 4)]
"""

import heapq
from collections import Counter
from collections.abc import Sequence
from typing import Self

import duckdb
import pyarrow as pa

from udfs.columns import Column

Test = tuple[Sequence[int], Sequence[int]]

LISTS = ["BIGINT[]", "BIGINT[][]", "BIGINT[][]"]
PICKS = "STRUCT(pick BIGINT, test BIGINT, gained_pairs BIGINT, classes BIGINT)[]"
FIELDS = ("pick", "test", "gained_pairs", "classes")
RESULT = pa.list_(pa.struct([(field, pa.int64()) for field in FIELDS]))


class Partition:
    """Clusters in blocks that no test has separated; `weights` has the number of implementations of each block."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = sizes
        self.blocks = [0] * len(sizes)
        self.weights = Counter({0: sum(sizes)})
        self._next = 1

    @property
    def classes(self) -> int:
        """The number of blocks that have implementations."""
        return len(self.weights)

    @property
    def block_count(self) -> int:
        """The number of all blocks, including one with only the empty cluster."""
        return len(set(self.blocks))

    def gain(self, test: Test) -> int:
        """Return the number of pairs of implementations that the test would separate."""
        parts: Counter[tuple[int, int]] = Counter()
        for cluster, response in zip(*test, strict=True):
            parts[self.blocks[cluster], response] += self.sizes[cluster]
        present: Counter[int] = Counter()
        for (block, _), size in parts.items():
            present[block] += size
        whole = sum(self.weights[block] ** 2 - (self.weights[block] - size) ** 2 for block, size in present.items())
        return (whole - sum(size**2 for size in parts.values())) // 2

    def split(self, tests: Sequence[Test]) -> Self:
        """Split the blocks by these tests."""
        for test in tests:
            new: dict[tuple[int, int], int] = {}
            for cluster, response in zip(*test, strict=True):
                block = self.blocks[cluster]
                self.blocks[cluster] = new.setdefault((block, response), self._next + len(new))
                self.weights[self.blocks[cluster]] += self.sizes[cluster]
                self.weights[block] -= self.sizes[cluster]
            self._next += len(new)
            self.weights = +self.weights
        return self

    def copy(self) -> "Partition":
        """Return a copy that can be split independently."""
        copied = Partition(self.sizes)
        copied.blocks, copied.weights, copied._next = self.blocks.copy(), self.weights.copy(), self._next
        return copied


def minimal_tests(sizes: Sequence[int], tests: Sequence[Test]) -> list[tuple[int, int, int, int]]:
    """Return for each kept test: its pick, its number, the pairs that it newly separates, the classes so far.

    `sizes` has the number of implementations of each cluster. A single cluster keeps its first test.

    >>> minimal_tests([3], [([0], [1]), ([0], [1])])
    [(1, 1, 0, 1)]
    """
    sizes = [*sizes, 0]
    tests = [_shorten(test, len(sizes)) for test in tests]
    separated = Partition(sizes)
    picks = _greedy(separated, tests)
    picks += _separate_empty(separated, tests)
    kept = _drop_redundant(Partition(sizes), picks, tests, separated.block_count)
    partition, counted = Partition(sizes), []
    for pick, number in enumerate(kept, start=1):
        gained = partition.gain(tests[number])
        counted.append((pick, number + 1, gained, partition.split([tests[number]]).classes))
    return counted


def _shorten(test: Test, clusters: int) -> Test:
    """Return a shorter test that separates the same: it leaves out its largest class instead of the missing cells."""
    members, responses = test
    largest, size = max(Counter(responses).items(), key=lambda item: item[1], default=(0, 0))
    if size <= clusters - len(members):
        return test
    others = {cluster: response for cluster, response in zip(*test, strict=True) if response != largest}
    others |= dict.fromkeys(set(range(clusters)).difference(members), 0)
    return list(others), list(others.values())


def _greedy(partition: Partition, tests: Sequence[Test]) -> list[int]:
    best = [(-partition.gain(test), number) for number, test in enumerate(tests)]
    heapq.heapify(best)
    picks = []
    while best:
        _, number = heapq.heappop(best)
        current = -partition.gain(tests[number]), number
        if current[0] and best and current > best[0]:
            heapq.heappush(best, current)
        elif current[0]:
            picks.append(number)
            partition.split([tests[number]])
    return picks


def _separate_empty(partition: Partition, tests: Sequence[Test]) -> list[int]:
    """Return the first test that separates the empty cluster from the others, if no pick does, and split by it."""
    before = partition.block_count
    for number, test in enumerate(tests):
        if partition.copy().split([test]).block_count > before:
            partition.split([test])
            return [number]
    return []


def _drop_redundant(others: Partition, picks: list[int], tests: Sequence[Test], blocks: int) -> list[int]:
    """Return the picks without those that the others make redundant, checked from the last to the first."""
    if len(picks) < 2:
        return picks if others.block_count < blocks else []
    early, late = picks[: len(picks) // 2], picks[len(picks) // 2 :]
    late = _drop_redundant(others.copy().split([tests[pick] for pick in early]), late, tests, blocks)
    return [*_drop_redundant(others.split([tests[pick] for pick in late]), early, tests, blocks), *late]


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the function in the connection's database, for all its cursors."""
    connection.create_function("__minimal_tests", _minimal_tests, LISTS, PICKS, type="arrow")  # type: ignore[call-overload, unused-ignore]


def _minimal_tests(sizes: Column, members: Column, responses: Column) -> pa.ListArray:
    problems = zip(sizes.to_pylist(), members.to_pylist(), responses.to_pylist(), strict=True)
    chosen = [minimal_tests(size, list(zip(member, response, strict=True))) for size, member, response in problems]
    return pa.array([[dict(zip(FIELDS, row, strict=True)) for row in rows] for rows in chosen], RESULT)
