"""Splits a long result into parts that can be read in parallel; in sequence they are its rows in its order.

The rows of a partitionable statement are sorted by problem, and no row depends on another problem. So a range of
problems, in the order of the result, is a part. The summaries of the files say how many rows each problem has.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from lakehouse.snapshots.snapshot import LakehouseSnapshot
from lakehouse.snapshots.state import File
from srcql.clauses.cube import Selection
from srcql.sql import literal

Problem = tuple[str, str]


@dataclass(frozen=True)
class Part:
    """A range of problems, each given by data set and name; both ends are included.

    >>> Part(("D", "a"), ("D", "b")).condition
    "data_set_id = 'D' AND problem_id BETWEEN 'a' AND 'b'"
    """

    first: Problem
    last: Problem

    @property
    def condition(self) -> str:
        """The SQL condition that selects the rows of the part."""
        (since, first), (until, last) = ((literal(name) for name in end) for end in (self.first, self.last))
        if since == until:
            return f"data_set_id = {since} AND problem_id BETWEEN {first} AND {last}"
        return (
            f"(data_set_id > {since} OR data_set_id = {since} AND problem_id >= {first})"
            f" AND (data_set_id < {until} OR data_set_id = {until} AND problem_id <= {last})"
        )

    def overlaps(self, file: File) -> bool:
        """Return whether a file may hold a problem of the part."""
        first, last = (file.data_set_id, file.first_problem), (file.data_set_id, file.last_problem)
        return first <= self.last and self.first <= last


def parts_of(snapshot: LakehouseSnapshot, selection: Selection | None, rows: int, most: int) -> list[Part]:
    """Return the parts of a statement, each of about `rows` rows or one problem; none if it cannot be split.

    `selection` is the statement's `partitionable`. Parts are larger where there would be many more than `most`.
    """
    if selection is None:
        return []
    counts = snapshot.at(selection.at).rows_of(selection)
    parts = list(_ranges(counts, max(rows, counts.total() // most)))
    return parts if len(parts) > 1 else []


def _ranges(counts: Counter[Problem], rows: int) -> Iterator[Part]:
    """Yield ranges of neighbouring problems, each of at most that many rows or of one problem."""
    first, last, size = None, None, 0
    for problem in sorted(counts):
        if first and last and size + counts[problem] > rows:
            yield Part(first, last)
            first, size = None, 0
        first, last, size = first or problem, problem, size + counts[problem]
    if first and last:
        yield Part(first, last)
