"""A long SLICE in parts that can be read side by side: one after another they are its rows, in its order.

A SLICE comes problem by problem, and no row of it depends on another problem. So a range of problems, in the order of
the result, is a part; the summaries of the files say how many rows each problem has.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srcql.clauses.cube import Selection
from srcql.find import find_parts
from srcql.parser import FoundVerb
from srcql.sql import literal
from srcql.verbs.slice import Slice

if TYPE_CHECKING:
    from lakehouse.snapshots.planner import File, Snapshot

WORD = re.compile(r"\s*SLICE\b", re.IGNORECASE)
Problem = tuple[str, str]


@dataclass(frozen=True)
class Part:
    """The problems from one to another, both included, by data set and name.

    >>> Part(("D", "a"), ("D", "b")).condition
    "data_set_id = 'D' AND problem_id BETWEEN 'a' AND 'b'"
    """

    first: Problem
    last: Problem

    @property
    def condition(self) -> str:
        """Whether a row belongs to it, as SQL."""
        (since, first), (until, last) = ((literal(name) for name in end) for end in (self.first, self.last))
        if since == until:
            return f"data_set_id = {since} AND problem_id BETWEEN {first} AND {last}"
        return (
            f"(data_set_id > {since} OR data_set_id = {since} AND problem_id >= {first})"
            f" AND (data_set_id < {until} OR data_set_id = {until} AND problem_id <= {last})"
        )

    def meets(self, file: "File") -> bool:
        """Whether a file may hold one of its problems."""
        first, last = (file.data_set_id, file.first_problem), (file.data_set_id, file.last_problem)
        return first <= self.last and self.first <= last


def parts_of(snapshot: "Snapshot", text: str, rows: int, most: int) -> list[Part]:
    """The parts of a statement, each of about so many observations or of one problem; none where it is read as one.

    Of a statement that would have many more than `most` parts they are larger.
    """
    selection = _sliced(snapshot, text)
    if selection is None:
        return []
    counted = snapshot.at(selection.at).rows_of(selection)
    found = list(_ranges(counted, max(rows, counted.total() // most)))
    return found if len(found) > 1 else []


def _sliced(snapshot: "Snapshot", text: str) -> Selection | None:
    """The selection of a statement that is one SLICE and nothing else."""
    if not WORD.match(text):
        return None
    found = find_parts(text, snapshot.table("observations"))
    if len(found) != 1 or not isinstance(found[0], FoundVerb) or not found[0].root:
        return None
    verb = found[0].verb
    whole = isinstance(verb, Slice) and not verb.tail and verb.cube.query is None
    return verb.cube.selection if whole else None


def _ranges(counted: Counter[Problem], rows: int) -> Iterator[Part]:
    """Neighbouring problems, until they have so many rows."""
    first, last, size = None, None, 0
    for problem in sorted(counted):
        if first and last and size + counted[problem] > rows:
            yield Part(first, last)
            first, size = None, 0
        first, last, size = first or problem, problem, size + counted[problem]
    if first and last:
        yield Part(first, last)
