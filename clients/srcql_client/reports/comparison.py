"""A comparison as the lakehouse answers it: counts for each problem, and cells with the steps that differ."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from .question import APART, STATUSES, TRIPS, Question, Shown

if TYPE_CHECKING:
    import pyarrow as pa

    from ..connection import Connection

ROWS = 1_000


@dataclass(frozen=True)
class Tripped:
    """How much there is of what may trip the gate."""

    steps: int
    cells: int
    problems: int


@dataclass(frozen=True)
class Counts:
    """How many cells and steps there are of one problem, or of all of them."""

    data_set_id: str
    problem_id: str
    cells: int
    steps: int
    statuses: dict[str, int]
    tripped: dict[str, Tripped]
    differing: int
    failed: int
    skipped: int
    gravity: int | None
    ran_once: bool  # whether it is known that no code was run more than once, so that nothing can be flaky

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Counts":
        """The counts of one row of the answer."""
        tripped = {name: Tripped(row[f"trip_{name}"], row[f"{name}_cells"], row[f"{name}_problems"]) for name in TRIPS}
        names = ("cells", "steps", "differing", "failed", "skipped", "gravity", "ran_once")
        plain = {name: row[name] for name in names}
        return cls(row["data_set_id"], row["problem_id"], statuses=_statuses(row), tripped=tripped, **plain)

    @property
    def name(self) -> str:
        """The problem in its data set."""
        return f"{self.data_set_id}.{self.problem_id}"

    @property
    def compared(self) -> int:
        """Steps that both ends have, with the same inputs."""
        return self.steps - sum(self.statuses.get(status, 0) for status in APART)

    @property
    def judged(self) -> int:
        """Steps of which a reference says what they are worth."""
        return self.compared - self.statuses.get("UNKNOWN", 0)


@dataclass(frozen=True)
class Step:
    """One step that differs; `failing` where it is of a kind that fails."""

    step_id: int
    inputs: str | None
    before: str | None
    after: str | None
    changed: bool
    status: str
    flaky: list[str | None] | None
    failing: bool


@dataclass(frozen=True)
class Cell:
    """What one implementation answered to one test; `context` has the values of BY."""

    data_set_id: str
    problem_id: str
    context: dict[str, Any]
    implementation_id: str
    test_id: str
    steps: int
    failed: bool
    skipped: bool
    statuses: dict[str, int]
    differing: list[Step]

    @property
    def alone(self) -> str | None:
        """ADDED or REMOVED, where only one end has the cell."""
        return next((status for status in ("ADDED", "REMOVED") if self.statuses.get(status) == self.steps), None)


class Comparison:
    """The answer to a question, asked in one statement: its `cells` can be read once, and come problem by problem.

    Raises SrcqlError in the words of the language, for an end that nothing has too.
    """

    def __init__(self, lakehouse: "Connection", question: Question, shown: Shown) -> None:
        self.question = question
        # Asked on their own, statements are refused with the places that the user sees, and so are clauses that would
        # leave rows out.
        columns = lakehouse.query(f"{question.diff}\nCHANGED ONLY LIMIT 0").schema.names
        if question.asks_flaky:
            lakehouse.query(f"{question.flaky}\nLIMIT 0")
        self.analysis = columns[: columns.index("implementation_id")]
        rows = _rows(lakehouse.stream(question.text(self.analysis, shown)))
        counted = []
        for row in rows:
            if row["counts"] is None:
                rows = chain([row], rows)
                break
            counted.append(Counts.of(json.loads(row["counts"])))
        self.problems = [counts for counts in counted if counts.problem_id is not None]
        (self.total,) = [counts for counts in counted if counts.problem_id is None]
        self.cells: Iterator[Cell] = map(self._cell, rows)

    def gravest(self, problems: int) -> list[tuple[Counts, list[Cell]]]:
        """So many problems that have cells which differ, with those that are shown: the gravest come first."""
        shown: dict[tuple[str, str], tuple[Counts, list[Cell]]] = {
            (counts.data_set_id, counts.problem_id): (counts, []) for counts in self.unlike[:problems]
        }
        for cell in self.cells:
            if (cell.data_set_id, cell.problem_id) in shown:
                shown[cell.data_set_id, cell.problem_id][1].append(cell)
        return list(shown.values())

    @property
    def unlike(self) -> list[Counts]:
        """The problems that have a cell with a step that differs, the gravest first."""
        unlike = [problem for problem in self.problems if problem.differing]
        return sorted(unlike, key=lambda problem: (problem.gravity, problem.data_set_id, problem.problem_id))

    def _cell(self, row: dict[str, Any]) -> Cell:
        plain = ("data_set_id", "problem_id", "implementation_id", "test_id", "steps", "failed", "skipped")
        return Cell(
            **{name: row[name] for name in plain},
            context={name: row[name] for name in self.analysis[2:]},
            statuses=_statuses(row),
            differing=[Step(**step) for step in row["differing"] or []],
        )


def _rows(batches: Iterable["pa.RecordBatch"]) -> Iterator[dict[str, Any]]:
    """Rows one by one; in Python they take much more memory than in a batch, so only a few are made at once."""
    for batch in batches:
        for start in range(0, len(batch), ROWS):
            yield from batch.slice(start, ROWS).to_pylist()


def _statuses(row: dict[str, Any]) -> dict[str, int]:
    """How many steps have which status, the gravest first."""
    return {status: row[f"n_{status}"] for status in STATUSES if row[f"n_{status}"]}
