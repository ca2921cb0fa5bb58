"""The statements of a comparison, in SRCQL.

>>> print(Question("commit", "c1", "c2", "Demo USING EXACT", against="specified").diff)
DIFF COMMIT 'c1' TO 'c2' FROM Demo USING EXACT
AGAINST specified
>>> print(Question("commit", "c1", "c2", "Demo USING EXACT").flaky)
FLAKY FROM Demo USING EXACT
WITHIN COMMIT
"""

from collections.abc import Sequence
from dataclasses import dataclass

from srcql.sql import identifier, listed, literal, same

KEY = ("data_set_id", "problem_id")
WITHIN = {"commit": "COMMIT", "run": "CODE", "environment": "CODE"}
COLUMNS = {"commit": "git_commit_hash", "run": "run_id", "environment": "environment_id"}
STATUSES = (  # the gravest first
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
APART = ("STIMULUS", "REMOVED", "ADDED")  # steps that cannot be compared
TRIPS = {
    "regression": "status = 'REGRESSION'",
    "changed": "changed AND status NOT IN ('ADDED', 'STIMULUS')",
    "flaky": "flaky IS NOT NULL",
}
DIFFERS = "changed OR flaky IS NOT NULL OR status NOT IN ('STABLE', 'STABLE_WRONG', 'UNKNOWN')"
STEP = ("step_id", "inputs", "before", "after", "changed", "status", "flaky")


@dataclass(frozen=True)
class Question:
    """What is compared with what, and what must not be found; `source` is what follows FROM."""

    axis: str
    before: str
    after: str
    source: str = "*"
    against: str | None = None
    noise: str | None = None
    fail_on: tuple[str, ...] = ()

    @property
    def marked(self) -> tuple[str, ...]:
        """What counts as a failure of one cell, in the reports that have failures."""
        return self.fail_on or ("regression" if self.against else "changed",)

    @property
    def asks_flaky(self) -> bool:
        """Whether runs of the same code are compared, too."""
        return "flaky" in self.fail_on

    @property
    def diff(self) -> str:
        """The statement that compares; what the user typed may end in a comment, and so ends its line."""
        ends = f"{literal(self.before)} TO {literal(self.after)}"
        own = [f"AGAINST {self.against}"] if self.against else []
        own += [f"NOISE {literal(self.noise)}"] if self.noise is not None else []
        return "\n".join([f"DIFF {self.axis.upper()} {ends} FROM {self.source}", *own])

    @property
    def flaky(self) -> str:
        """The statement that finds the steps at which runs of the same code disagree."""
        return f"FLAKY FROM {self.source}\nWITHIN {WITHIN[self.axis]}"

    def cells(self, analysis: Sequence[str]) -> str:
        """Common table expressions, of which `cells` has a row for each cell of an implementation and a test.

        Its columns: those of the analysis, `implementation_id`, `test_id`, the number of `steps`, of those of each
        status, of each kind that trips and of those that differ, `gravity` (0 where a step fails), `failed`, `skipped`,
        and the `differing` steps.
        """
        key = [*analysis, "implementation_id", "test_id"]
        statuses = ", ".join(f"'{status}'" for status in STATUSES)
        counts = [f"count(*) FILTER (status = '{status}') AS n_{status}" for status in STATUSES]
        counts += [f"count(*) FILTER ({trips}) AS trip_{name}" for name, trips in TRIPS.items()]
        trips = " OR ".join(f"({TRIPS[name]})" for name in self.marked)
        untold = [*APART, *(["UNKNOWN"] if self.marked == ("regression",) else [])]
        none_told = f"{' + '.join(f'n_{status}' for status in untold)} = steps"
        counts += [f"count(*) FILTER ({DIFFERS}) AS n_differing"]
        members = ", ".join(f"{name} := {name}" for name in STEP) + f", failing := {trips}"
        return (
            f"WITH {self._steps(key)}, counted AS (SELECT {listed(key)}, count(*) AS steps, {', '.join(counts)},"
            f" min(CASE WHEN {trips} THEN 0 ELSE list_position([{statuses}], status) END) AS gravity,"
            f" list(struct_pack({members}) ORDER BY step_id) FILTER ({DIFFERS}) AS differing"
            f" FROM steps GROUP BY {listed(key)}),"
            f" cells AS (SELECT *, gravity = 0 AS failed, gravity > 0 AND {none_told} AS skipped FROM counted)"
        )

    @property
    def repeated(self) -> str | None:
        """A statement that counts cells whose code at B was run more than once; None where rows are a query's."""
        if not self.asks_flaky or self.source.lstrip().startswith("("):
            return None
        cell = [*KEY, "implementation_id", "test_id"]
        here = f" WHERE git_commit_hash = {literal(self.after)}" if self.axis == "commit" else ""
        at_b = f"bool_or({COLUMNS[self.axis]} = {literal(self.after)})"
        again = f"GROUP BY {listed([*cell, 'implementation_hash'])} HAVING count(DISTINCT run_id) > 1 AND {at_b}"
        there = f"SELECT DISTINCT {listed(cell)} FROM (\n{self.diff}\n) WHERE status <> 'REMOVED'"
        runs = f"SELECT {listed(cell)} FROM observations{here} {again}"
        return f"SELECT count(*) AS cells FROM ({there} INTERSECT {runs})"

    def _steps(self, key: list[str]) -> str:
        """The rows of DIFF, with the answers of FLAKY where it was asked; of several codes, those of one."""
        if not self.asks_flaky:
            return f"steps AS (SELECT *, NULL::VARCHAR[] AS flaky FROM (\n{self.diff}\n))"
        at = [*key, "step_id"]
        here = f" WHERE git_commit_hash = {literal(self.after)}" if self.axis == "commit" else ""
        answers = f"SELECT {listed(at)}, min(outputs) AS flaky FROM (\n{self.flaky}\n){here} GROUP BY {listed(at)}"
        met = f"{same('d', 'f', at)} AND d.status <> 'REMOVED'"
        return f"steps AS (SELECT d.*, f.flaky FROM (\n{self.diff}\n) AS d LEFT JOIN ({answers}) AS f ON {met})"


def totals(cells: str) -> str:
    """A statement that counts cells, for each problem and, without one, for all of them; the gravest come first."""
    numbers = ["steps", *(f"n_{status}" for status in STATUSES), *(f"trip_{name}" for name in TRIPS)]
    sums = [f"coalesce(sum({name}), 0)::BIGINT AS {name}" for name in numbers]
    sums += [f"count(*) FILTER (trip_{name} > 0) AS {name}_cells" for name in TRIPS]
    sums += [f"count(DISTINCT ({listed(KEY)})) FILTER (trip_{name} > 0) AS {name}_problems" for name in TRIPS]
    sums += ["count(*) FILTER (n_differing > 0) AS differing"]  # not by the lists: they are then never made
    sums += [f"count(*) FILTER ({name}) AS {name}" for name in ("failed", "skipped")]
    return (
        f"{cells} SELECT {listed(KEY)}, count(*) AS cells, {', '.join(sums)} FROM cells"
        f" GROUP BY GROUPING SETS (({listed(KEY)}), ())"
        f" ORDER BY {listed(KEY[:1])} IS NOT NULL, min(gravity), {listed(KEY)}"
    )


def differing(cells: str, analysis: Sequence[str], at_most: int | None = None) -> str:
    """A statement that lists cells with a step that differs, of each problem the `at_most` gravest."""
    order = [identifier(name) for name in (*analysis, "implementation_id", "test_id")]
    kept = f"row_number() OVER (PARTITION BY {listed(KEY)} ORDER BY gravity, {', '.join(order)})"
    cut = f" QUALIFY {kept} <= {at_most}" if at_most is not None else ""
    first = f"{listed(KEY)}, gravity, " if at_most is not None else ""
    return f"{cells} SELECT * FROM cells WHERE n_differing > 0{cut} ORDER BY {first}{', '.join(order)}"


def every(cells: str, analysis: Sequence[str]) -> str:
    """A statement that lists all cells, problem by problem."""
    return f"{cells} SELECT * FROM cells ORDER BY {listed([*analysis, 'implementation_id', 'test_id'])}"
