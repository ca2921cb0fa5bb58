"""The result of a comparison: counts for each problem, and cells with the steps that differ."""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pyarrow as pa

from srcql.errors import InvalidQuery, SrcqlError

from ..connection import Connection
from .request import Request
from .statement import KINDS, NOT_COMPARABLE, PROBLEM, STATUSES, CellSelection, Statement

ROWS_AT_ONCE = 1_000
_LAST_CLAUSES = re.compile(r"\b(ORDER\s+BY|LIMIT|OFFSET|CHANGED\s+ONLY)\b", re.IGNORECASE)


@dataclass(frozen=True)
class KindCounts:
    """Numbers of steps of one kind, and of the cells and problems that have them."""

    steps: int
    cells: int
    problems: int


@dataclass(frozen=True)
class Counts:
    """Numbers of cells and steps of one problem, or of all problems."""

    data_set_id: str
    problem_id: str
    cells: int
    steps: int
    statuses: dict[str, int]
    kinds: dict[str, KindCounts]
    differing: int
    failed: int
    skipped: int
    severity: int | None
    ran_once: bool  # no code ran more than once, so no step can be flaky

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Counts":
        """Return the counts of one row of the result."""
        kinds = {kind: KindCounts(row[f"kind_{kind}"], row[f"{kind}_cells"], row[f"{kind}_problems"]) for kind in KINDS}
        names = (
            "data_set_id",
            "problem_id",
            "cells",
            "steps",
            "differing",
            "failed",
            "skipped",
            "severity",
            "ran_once",
        )
        return cls(statuses=_statuses(row), kinds=kinds, **{name: row[name] for name in names})

    @property
    def name(self) -> str:
        """The problem in its data set."""
        return f"{self.data_set_id}.{self.problem_id}"

    @property
    def compared(self) -> int:
        """Steps that A and B share, with the same inputs."""
        return self.steps - sum(self.statuses.get(status, 0) for status in NOT_COMPARABLE)

    @property
    def judged(self) -> int:
        """Compared steps for which the reference expects a response."""
        return self.compared - self.statuses.get("UNKNOWN", 0)


@dataclass(frozen=True)
class Step:
    """One step that differs; `failing` if it is of a kind that fails."""

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
    """One implementation under one test; `context` has the values of BY."""

    data_set_id: str
    problem_id: str
    context: dict[str, object]
    implementation_id: str
    test_id: str
    steps: int
    failed: bool
    skipped: bool
    statuses: dict[str, int]
    differing: list[Step]

    @property
    def one_sided(self) -> str | None:
        """ADDED or REMOVED, if only B or only A has the cell."""
        return next((status for status in ("ADDED", "REMOVED") if self.statuses.get(status) == self.steps), None)


class Comparison:
    """The result of a request, from one statement; `cells` can be read once, sorted by problem.

    Raises SrcqlError if the language rejects the request, also for an A or B without observations.
    """

    def __init__(self, lakehouse: Connection, request: Request, selection: CellSelection) -> None:
        self.request = request
        # Errors of the single statements point to the user's text. CHANGED ONLY rejects clauses that drop rows.
        with _explain_misplaced(lakehouse, request):
            columns = lakehouse.query(f"{request.diff_statement}\nCHANGED ONLY LIMIT 0").schema.names
        if request.checks_flaky:
            lakehouse.query(f"{request.flaky_statement}\nLIMIT 0")
        self.context = columns[len(PROBLEM) : columns.index("implementation_id")]
        rows = _rows(lakehouse.stream(Statement(request, self.context, selection).text))
        counts = []
        for row in rows:
            if row["counts"] is None:
                rows = chain([row], rows)
                break
            counts.append(Counts.of(json.loads(row["counts"])))
        self.problems = [each for each in counts if each.problem_id is not None]
        (self.total,) = [each for each in counts if each.problem_id is None]
        self.cells: Iterator[Cell] = map(self._cell, rows)

    def most_severe(self, limit: int) -> list[tuple[Counts, list[Cell]]]:
        """Return at most `limit` problems that differ with their selected cells, the most severe first."""
        found: dict[tuple[str, str], tuple[Counts, list[Cell]]] = {
            (counts.data_set_id, counts.problem_id): (counts, []) for counts in self.differing_problems[:limit]
        }
        for cell in self.cells:
            if (cell.data_set_id, cell.problem_id) in found:
                found[cell.data_set_id, cell.problem_id][1].append(cell)
        return list(found.values())

    @property
    def differing_problems(self) -> list[Counts]:
        """The problems with a step that differs, the most severe first."""
        differing = [problem for problem in self.problems if problem.differing]
        return sorted(differing, key=lambda problem: (problem.severity, problem.data_set_id, problem.problem_id))

    def _cell(self, row: dict[str, Any]) -> Cell:
        names = ("data_set_id", "problem_id", "implementation_id", "test_id", "steps", "failed", "skipped")
        return Cell(
            **{name: row[name] for name in names},
            context={name: row[name] for name in self.context},
            statuses=_statuses(row),
            differing=[Step(**step) for step in row["differing"] or []],
        )


@contextmanager
def _explain_misplaced(lakehouse: Connection, request: Request) -> Iterator[None]:
    """Report a clause of the source that drops or sorts rows at its place in the source.

    Such a clause ends a statement: the source alone is valid, but no clause can follow it.
    """
    try:
        yield
    except InvalidQuery:
        places = list(_LAST_CLAUSES.finditer(request.source))
        if not places or not _is_valid(lakehouse, request.bare_statement):
            raise
        clause = " ".join(places[-1][0].upper().split())
        message = f"{clause} cannot be used in FROM of srcql diff: the verdict needs every row"
        raise InvalidQuery(message, text=request.source, span=places[-1].span(), hint=f"remove {clause}") from None


def _is_valid(lakehouse: Connection, statement: str) -> bool:
    try:
        lakehouse.query(f"SELECT * FROM (\n{statement}\n) LIMIT 0")
    except SrcqlError:
        return False
    return True


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    """Yield rows as dictionaries, a few at a time: they take much more memory than a batch."""
    for batch in batches:
        for start in range(0, len(batch), ROWS_AT_ONCE):
            yield from batch.slice(start, ROWS_AT_ONCE).to_pylist()


def _statuses(row: dict[str, Any]) -> dict[str, int]:
    """Return the number of steps of each status that occurs, the most severe first."""
    return {status: row[f"n_{status}"] for status in STATUSES if row[f"n_{status}"]}
