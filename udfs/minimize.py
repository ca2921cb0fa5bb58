"""Which tests keep classes of behaviour apart: `__minimal_tests`, what MINIMIZE asks of DuckDB.

Clusters are numbered from 0, tests from 1. A test is the list of the clusters that have it, and the class of each one's
cell, from 1; all clusters that lack it are one class more. The greedy choice takes the test that separates most pairs
of implementations which no test before it does, of equal ones the first. One cluster may then have none of the picks,
and would not be seen in their rows: it is told from nobody, a cluster of no implementations and no tests, by the first
test that it has. Then each test is dropped, the last first, that the others make redundant. Gains only shrink, so that
most are never counted again (Minoux, Accelerated greedy algorithms for maximizing submodular set functions, 1978).

>>> four = [([0, 1, 2, 3], classes) for classes in ([1, 1, 2, 2], [1, 2, 3, 3], [1, 1, 1, 2])]
>>> minimal_tests([1, 1, 1, 1], four)
[(1, 2, 5, 3), (2, 3, 1, 4)]
"""

import heapq
from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

import duckdb
import pyarrow as pa

Test = tuple[Sequence[int], Sequence[int]]

LISTS = ["BIGINT[]", "BIGINT[][]", "BIGINT[][]"]
PICKS = "STRUCT(pick BIGINT, test BIGINT, gained_pairs BIGINT, classes BIGINT)[]"
FIELDS = ("pick", "test", "gained_pairs", "classes")
RESULT = pa.list_(pa.struct([(field, pa.int64()) for field in FIELDS]))


class Partition:
    """Clusters in blocks that no test has told apart; `weights` are the implementations of each block."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = sizes
        self.blocks = [0] * len(sizes)
        self.weights = Counter({0: sum(sizes)})
        self._next = 1

    @property
    def classes(self) -> int:
        """The blocks that hold implementations."""
        return len(self.weights)

    @property
    def apart(self) -> int:
        """All blocks, that of nobody too."""
        return len(set(self.blocks))

    def gain(self, test: Test) -> int:
        """The pairs of implementations that the test would separate."""
        parts: Counter[tuple[int, int]] = Counter()
        for cluster, answer in zip(*test, strict=True):
            parts[self.blocks[cluster], answer] += self.sizes[cluster]
        present: Counter[int] = Counter()
        for (block, _), size in parts.items():
            present[block] += size
        whole = sum(self.weights[block] ** 2 - (self.weights[block] - size) ** 2 for block, size in present.items())
        return (whole - sum(size**2 for size in parts.values())) // 2

    def split(self, tests: Sequence[Test]) -> Self:
        """Separate what these tests separate."""
        for test in tests:
            made: dict[tuple[int, int], int] = {}
            for cluster, answer in zip(*test, strict=True):
                block = self.blocks[cluster]
                self.blocks[cluster] = made.setdefault((block, answer), self._next + len(made))
                self.weights[self.blocks[cluster]] += self.sizes[cluster]
                self.weights[block] -= self.sizes[cluster]
            self._next += len(made)
            self.weights = +self.weights
        return self

    def copy(self) -> "Partition":
        """The same blocks, to be split otherwise."""
        copied = Partition(self.sizes)
        copied.blocks, copied.weights, copied._next = self.blocks.copy(), self.weights.copy(), self._next
        return copied


def minimal_tests(sizes: Sequence[int], tests: Sequence[Test]) -> list[tuple[int, int, int, int]]:
    """Of each kept test: which pick it is, its number, the pairs that it separates newly, the classes from then on.

    `sizes` are the implementations of each cluster; one cluster needs no test.
    """
    if len(sizes) < 2:
        return []
    sizes = [*sizes, 0]
    tests = [_brief(test, len(sizes)) for test in tests]
    separated = Partition(sizes)
    picks = _greedy(separated, tests)
    picks += _seen(separated, tests)
    kept = _needed(Partition(sizes), picks, tests, separated.apart)
    partition, counted = Partition(sizes), []
    for pick, number in enumerate(kept, start=1):
        gained = partition.gain(tests[number])
        counted.append((pick, number + 1, gained, partition.split([tests[number]]).classes))
    return counted


def _brief(test: Test, clusters: int) -> Test:
    """A test that separates the same, and says as little as it can: its largest class stands as if it lacked it."""
    members, answers = test
    largest, size = max(Counter(answers).items(), key=lambda item: item[1], default=(0, 0))
    if size <= clusters - len(members):
        return test
    others = {cluster: answer for cluster, answer in zip(*test, strict=True) if answer != largest}
    others |= dict.fromkeys(set(range(clusters)).difference(members), 0)
    return list(others), list(others.values())


def _greedy(partition: Partition, tests: Sequence[Test]) -> list[int]:
    best = [(-partition.gain(test), number) for number, test in enumerate(tests)]
    heapq.heapify(best)
    picks = []
    while best:
        _, number = heapq.heappop(best)
        now = -partition.gain(tests[number]), number
        if now[0] and best and now > best[0]:
            heapq.heappush(best, now)
        elif now[0]:
            picks.append(number)
            partition.split([tests[number]])
    return picks


def _seen(partition: Partition, tests: Sequence[Test]) -> list[int]:
    """The first test that tells nobody from somebody, where none has yet; split off by it."""
    before = partition.apart
    for number, test in enumerate(tests):
        if partition.copy().split([test]).apart > before:
            partition.split([test])
            return [number]
    return []


def _needed(others: Partition, picks: list[int], tests: Sequence[Test], classes: int) -> list[int]:
    """Those of the picks that are not redundant beside all others, looked at from the last to the first."""
    if len(picks) < 2:
        return picks if others.apart < classes else []
    early, late = picks[: len(picks) // 2], picks[len(picks) // 2 :]
    late = _needed(others.copy().split([tests[pick] for pick in early]), late, tests, classes)
    return [*_needed(others.split([tests[pick] for pick in late]), early, tests, classes), *late]


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the function known to every cursor of the connection's database."""
    connection.create_function("__minimal_tests", _minimal_tests, LISTS, PICKS, type="arrow")  # type: ignore[call-overload, unused-ignore]


def _minimal_tests(sizes: Any, members: Any, answers: Any) -> Any:
    problems = zip(sizes.to_pylist(), members.to_pylist(), answers.to_pylist(), strict=True)
    chosen = [minimal_tests(size, list(zip(member, answer, strict=True))) for size, member, answer in problems]
    return pa.array([[dict(zip(FIELDS, row, strict=True)) for row in rows] for rows in chosen], RESULT)
