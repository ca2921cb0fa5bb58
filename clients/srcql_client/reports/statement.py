"""The statement of a comparison: one for counts and cells, so that both come from the same snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass

from srcql.sql import listed, literal, same

from ..extras import extra
from .request import Request

PROBLEM = ("data_set_id", "problem_id")
AXIS_COLUMNS = {"commit": "git_commit_hash", "run": "run_id", "environment": "environment_id"}
STATUSES = (  # the most severe first
    "REGRESSION",
    "CHANGED",
    "DRIFT",
    "FIX",
    "UNKNOWN",
    "STIMULUS",
    "REMOVED",
    "ADDED",
    "STABLE_WRONG",
    "STABLE",
)
NOT_COMPARABLE = ("STIMULUS", "REMOVED", "ADDED")
KINDS = {  # the values of --fail-on, and the steps that each selects
    "regression": "status = 'REGRESSION'",
    "changed": "changed AND status NOT IN ('ADDED', 'STIMULUS')",
    "flaky": "flaky IS NOT NULL",
}
DIFFERS = "changed OR flaky IS NOT NULL OR status NOT IN ('STABLE', 'STABLE_WRONG', 'UNKNOWN')"
STEP_COLUMNS = ("step_id", "inputs", "before", "after", "changed", "status", "flaky")


@dataclass(frozen=True)
class CellSelection:
    """The cells of a report: all of them, or those with a step that differs, at most `per_problem` of each problem."""

    unchanged: bool = False
    per_problem: int | None = None


@dataclass(frozen=True)
class Statement:
    """The statement of a request; `context` has the columns of BY."""

    request: Request
    context: Sequence[str]
    selection: CellSelection

    @property
    def text(self) -> str:
        """Its rows: first one with `counts` for all problems and for each, then those of the selected cells.

        `counts` is JSON: the problem (null for all problems), numbers of cells and steps, and whether no code ran
        twice. It is NULL in the rows of cells, which are sorted by problem.
        """
        severity = ["severity"] if self.selection.per_problem is not None else []
        order = [*PROBLEM, *severity, *self._cell]
        return (
            f"WITH {self._cells()}, totals AS ({self._totals()}), selected AS ({self._selected()})"
            " SELECT * FROM (SELECT to_json(totals)::VARCHAR AS counts FROM totals"
            " UNION ALL BY NAME SELECT * FROM selected)"
            f" ORDER BY counts IS NULL, {listed(order)}"
        )

    @property
    def _cell(self) -> list[str]:
        """The columns that identify a cell."""
        return [*PROBLEM, *self.context, "implementation_id", "test_id"]

    def _cells(self) -> str:
        """Return common table expressions; the last, `cells`, has a row for each cell.

        Its columns: the key, the number of `steps`, of steps of each status, of each kind and of those that differ,
        `severity` (0 if a step fails), `failed`, `skipped`, and the `differing` steps.
        """
        statuses = ", ".join(f"'{status}'" for status in STATUSES)
        counts = [f"count(*) FILTER (status = '{status}') AS n_{status}" for status in STATUSES]
        counts += [f"count(*) FILTER ({condition}) AS kind_{kind}" for kind, condition in KINDS.items()]
        counts += [f"count(*) FILTER ({DIFFERS}) AS n_differing"]
        fails = " OR ".join(f"({KINDS[kind]})" for kind in self.request.failing_kinds)
        members = ", ".join(f"{name} := {name}" for name in STEP_COLUMNS) + f", failing := {fails}"
        cell = listed(self._cell)
        return (
            f"{self._steps()}, counted AS (SELECT {cell}, count(*) AS steps, {', '.join(counts)},"
            f" min(CASE WHEN {fails} THEN 0 ELSE list_position([{statuses}], status) END) AS severity,"
            f" list(struct_pack({members}) ORDER BY step_id) FILTER ({DIFFERS}) AS differing"
            f" FROM steps GROUP BY {cell}), cells AS MATERIALIZED"
            f" (SELECT *, severity = 0 AS failed, severity > 0 AND {self._is_undecided()} AS skipped FROM counted)"
        )

    def _is_undecided(self) -> str:
        """Return the condition that no step of a cell was compared or, if only regressions fail, judged."""
        undecided = [*NOT_COMPARABLE, *(["UNKNOWN"] if self.request.failing_kinds == ("regression",) else [])]
        return f"{' + '.join(f'n_{status}' for status in undecided)} = steps"

    def _steps(self) -> str:
        """Return the expression `steps`: the rows of DIFF, with the responses of FLAKY if the request checks it.

        If several codes of a cell are flaky, the responses of one of them are kept.
        """
        if not self.request.checks_flaky:
            return f"steps AS (SELECT *, NULL::VARCHAR[] AS flaky FROM (\n{self.request.diff_statement}\n))"
        step = [*self._cell, "step_id"]
        responses = (
            f"SELECT {listed(step)}, min(outputs) AS flaky"
            f" FROM (\n{self.request.flaky_statement}\n){self._where_after()} GROUP BY {listed(step)}"
        )
        matches = f"{same('d', 'f', step)} AND d.status <> 'REMOVED'"
        return (
            f"steps AS (SELECT d.*, f.flaky FROM (\n{self.request.diff_statement}\n) AS d"
            f" LEFT JOIN ({responses}) AS f ON {matches})"
        )

    def _totals(self) -> str:
        """Return the query of counts, for each problem and for all problems."""
        numbers = ["steps", *(f"n_{status}" for status in STATUSES), *(f"kind_{kind}" for kind in KINDS)]
        sums = [f"coalesce(sum({name}), 0)::BIGINT AS {name}" for name in numbers]
        sums += [f"count(*) FILTER (kind_{kind} > 0) AS {kind}_cells" for kind in KINDS]
        sums += [f"count(DISTINCT ({listed(PROBLEM)})) FILTER (kind_{kind} > 0) AS {kind}_problems" for kind in KINDS]
        sums += ["count(*) FILTER (n_differing > 0) AS differing", "min(severity) AS severity"]
        sums += [f"count(*) FILTER ({name}) AS {name}" for name in ("failed", "skipped")]
        return (
            f"SELECT {listed(PROBLEM)}, count(*) AS cells, {', '.join(sums)}, {self._ran_once()} AS ran_once FROM cells"
            f" GROUP BY GROUPING SETS (({listed(PROBLEM)}), ())"
        )

    def _ran_once(self) -> str:
        """Return the condition that no cell of B has code that ran more than once, so that no step can be flaky."""
        if not self.request.checks_flaky:
            return "false"
        axis = AXIS_COLUMNS[self.request.axis]
        columns = dict.fromkeys(("implementation_id", "implementation_hash", "run_id", axis, "test_id"))
        with extra("language", "--fail-on flaky"):
            from srcql.clauses.insertion import insert_runs
        source = insert_runs(self.request.source, "EACH")
        runs = f"SLICE {listed([*columns])} FROM {source}"
        name = "left(implementation_id, -1 - length(coalesce(run_id, '')))"
        named = (
            f"SELECT * REPLACE ({name} AS implementation_id), implementation_id AS run"
            f" FROM (\n{runs}\n){self._where_after()}"
        )
        repeated = (
            f"SELECT {listed(self._cell)} FROM ({named}) GROUP BY {listed([*self._cell, 'implementation_hash'])}"
            f" HAVING count(DISTINCT run) > 1 AND bool_or({axis} = {literal(self.request.after)})"
        )
        return f"NOT EXISTS (SELECT {listed(self._cell)} FROM cells WHERE n_REMOVED < steps INTERSECT {repeated})"

    def _where_after(self) -> str:
        """Return the clause that keeps runs of commit B, if commits are compared."""
        is_commit = self.request.axis == "commit"
        return f" WHERE git_commit_hash = {literal(self.request.after)}" if is_commit else ""

    def _selected(self) -> str:
        """Return the query of the selected cells."""
        if self.selection.unchanged:
            return "SELECT * FROM cells"
        rank = f"row_number() OVER (PARTITION BY {listed(PROBLEM)} ORDER BY severity, {listed(self._cell)})"
        limit = self.selection.per_problem
        qualify = f" QUALIFY {rank} <= {limit}" if limit is not None else ""
        return f"SELECT * FROM cells WHERE n_differing > 0{qualify}"
