"""CHECK: n-version assessment, which compares every implementation with a reference.

    CHECK FROM … [shared clauses] AGAINST SPECIFIED [NULL DEFINED] | ORACLE [(…)] [LEAVE ONE OUT]
        | IMPLEMENTATION id | RUN id [PER IMPLEMENTATION | TEST | STEP]

Columns: PER IMPLEMENTATION `…, implementation_id, passed, failed, missing, na, undefined, strict_rate, lenient_rate,
all_passed`; PER TEST `…, implementation_id, test_id, verdict, first_diff_step`; PER STEP `…, implementation_id,
test_id, step_id, expected, output, verdict`. Verdicts are PASS, FAIL, MISSING, NA, CONFLICT and UNDEFINED.
"""

from dataclasses import dataclass

from srcql.clauses.equality import any_equality
from srcql.clauses.reader import Reader
from srcql.clauses.shared import SHARED, any_missing, choice
from srcql.lowering import verdicts
from srcql.lowering.against import Against
from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
from srcql.lowering.verdicts import Verdicts
from srcql.sql import listed, same
from srcql.verbs.checks import check_tolerance_of_runs
from srcql.verbs.reference import KINDS, against, check_reference
from srcql.verbs.verb import Verb

COUNTED = {
    "passed": "verdict = 'PASS'",
    "failed": "verdict = 'FAIL'",
    "missing": "verdict = 'MISSING'",
    "na": "verdict = 'NA'",
    "undefined": "verdict IN ('UNDEFINED', 'CONFLICT')",
}
COLUMNS = {
    "IMPLEMENTATION": ("implementation_id", *COUNTED, "strict_rate", "lenient_rate", "all_passed"),
    "TEST": ("implementation_id", "test_id", "verdict", "first_diff_step"),
    "STEP": ("implementation_id", "test_id", "step_id", "expected", "output", "verdict"),
}


@dataclass(frozen=True)
class CheckClauses:
    """The own clauses of CHECK; AGAINST is required."""

    against: Against | None = None
    per: str = "IMPLEMENTATION"


class Check(Verb):
    """One CHECK statement."""

    word = "CHECK"
    form = "CHECK"
    shared = {**SHARED, "USING": any_equality, "MISSING": any_missing}
    own = {"AGAINST": against, "PER": choice("PER", tuple(COLUMNS))}
    own_clauses = CheckClauses
    clauses: CheckClauses
    results = tuple(dict.fromkeys(column for columns in COLUMNS.values() for column in columns))
    order = ("implementation_id", "test_id", "step_id")

    def check(self, reader: Reader) -> None:
        """Require a reference, and reject clauses that contradict it."""
        super().check(reader)
        if self.clauses.against is None:
            hint = f"use CHECK FROM … AGAINST {' | '.join(KINDS)}"
            raise reader.error("CHECK needs a reference", self.place, hint)
        check_tolerance_of_runs(reader, self.cube)
        check_reference(reader, self.cube, self._against)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        return (*self.cube.analysis, *COLUMNS[self.clauses.per])

    @property
    def sorted_by(self) -> tuple[str, ...]:
        """Its order within an analysis."""
        return tuple(column for column in self.order if column in COLUMNS[self.clauses.per])

    def select(self, lowering: Lowering) -> str:
        """Compare each response with the expected one, and count verdicts."""
        of_steps = verdicts.steps(lowering, self._against)
        rows: Cte = of_steps
        if self.clauses.per != "STEP":
            rows = verdicts.tests(lowering, of_steps)
        if self.clauses.per == "IMPLEMENTATION":
            rows = self._counted(lowering, of_steps, rows)
        columns = [*self.cube.analysis, *COLUMNS[self.clauses.per][1:]]
        return f"SELECT __entry AS implementation_id, {listed(columns)} FROM {rows}"

    @property
    def _against(self) -> Against:
        assert self.clauses.against is not None
        return self.clauses.against

    def _counted(self, lowering: Lowering, verdicts: Verdicts, judged: Cte) -> Cte:
        who = [*self.cube.analysis, "__entry", "__who"]
        at = f"{same('c', 'j', self.cube.analysis)} AND c.__who = j.__who"
        tests = f"{verdicts.of.checked} AS c LEFT JOIN {judged} AS j ON {at}"
        counts = ", ".join(f"count(*) FILTER (j.{condition}) AS {name}" for name, condition in COUNTED.items())
        counted = f"SELECT {listed(who, 'c')}, {counts} FROM {tests} GROUP BY {listed(who, 'c')}"
        rates = (
            "passed / nullif(passed + failed + missing + na, 0) AS strict_rate,"
            " passed / nullif(passed + failed, 0) AS lenient_rate,"
            " passed > 0 AND failed + missing + na = 0 AS all_passed"
        )
        return lowering.define("__counted", f"SELECT *, {rates} FROM ({counted})")
