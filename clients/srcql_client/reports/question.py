"""The statement of a comparison, in SRCQL: a single one, so that what is counted is what is shown.

>>> print(Question("commit", "c1", "c2", "Demo USING EXACT", against="specified").diff)
DIFF COMMIT 'c1' TO 'c2' FROM Demo USING EXACT
AGAINST specified
>>> print(Question("commit", "c1", "c2", "Demo USING EXACT").flaky)
FLAKY FROM Demo USING EXACT
WITHIN COMMIT
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from srcql.sql import listed, literal, same

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
# How the clauses begin that RUNS stands before: the second word tells the first from a name. 0 is any number.
AFTER_RUNS = {
    ("STEPS", "ALL"),
    ("STEPS", "LAST"),
    ("STEPS", "EXCEPT"),
    ("STEPS", "0"),
    ("MISSING", "DISTINCT"),
    ("MISSING", "DROP"),
}


@dataclass(frozen=True)
class Shown:
    """Which cells a report has: all, or those with a step that differs; of these so many a problem, the gravest."""

    same: bool = False
    at_most: int | None = None


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

    def text(self, analysis: Sequence[str], shown: Shown) -> str:
        """The statement: a row with `counts` for all problems and for each, and then the cells that are shown.

        `counts` is JSON: the KEY (null for all problems), numbers of cells and steps, and whether nothing was run
        twice. It is NULL in the rows of cells, which come problem by problem.
        """
        key = [*analysis, "implementation_id", "test_id"]
        gravest = ["gravity"] if shown.at_most is not None else []
        return (
            f"WITH {self._cells(key)}, totals AS ({self._totals(key)}), shown AS ({_shown(key, shown)})"
            " SELECT * FROM (SELECT to_json(totals)::VARCHAR AS counts FROM totals"
            " UNION ALL BY NAME SELECT * FROM shown)"
            f" ORDER BY counts IS NULL, {listed([*KEY, *gravest, *key])}"
        )

    def _cells(self, key: list[str]) -> str:
        """Common table expressions, of which `cells` has a row for each cell of an implementation and a test.

        Its columns: those of the key, the number of `steps`, of those of each status, of each kind that trips and of
        those that differ, `gravity` (0 where a step fails), `failed`, `skipped`, and the `differing` steps.
        """
        statuses = ", ".join(f"'{status}'" for status in STATUSES)
        counts = [f"count(*) FILTER (status = '{status}') AS n_{status}" for status in STATUSES]
        counts += [f"count(*) FILTER ({trips}) AS trip_{name}" for name, trips in TRIPS.items()]
        trips = " OR ".join(f"({TRIPS[name]})" for name in self.marked)
        untold = [*APART, *(["UNKNOWN"] if self.marked == ("regression",) else [])]
        none_told = f"{' + '.join(f'n_{status}' for status in untold)} = steps"
        counts += [f"count(*) FILTER ({DIFFERS}) AS n_differing"]
        members = ", ".join(f"{name} := {name}" for name in STEP) + f", failing := {trips}"
        return (
            f"{self._steps(key)}, counted AS (SELECT {listed(key)}, count(*) AS steps, {', '.join(counts)},"
            f" min(CASE WHEN {trips} THEN 0 ELSE list_position([{statuses}], status) END) AS gravity,"
            f" list(struct_pack({members}) ORDER BY step_id) FILTER ({DIFFERS}) AS differing"
            f" FROM steps GROUP BY {listed(key)}), cells AS MATERIALIZED"
            f" (SELECT *, gravity = 0 AS failed, gravity > 0 AND {none_told} AS skipped FROM counted)"
        )

    def _steps(self, key: list[str]) -> str:
        """The rows of DIFF, with the answers of FLAKY where it was asked; of several codes, those of one."""
        if not self.asks_flaky:
            return f"steps AS (SELECT *, NULL::VARCHAR[] AS flaky FROM (\n{self.diff}\n))"
        at = [*key, "step_id"]
        answers = (
            f"SELECT {listed(at)}, min(outputs) AS flaky FROM (\n{self.flaky}\n){self._here} GROUP BY {listed(at)}"
        )
        met = f"{same('d', 'f', at)} AND d.status <> 'REMOVED'"
        return f"steps AS (SELECT d.*, f.flaky FROM (\n{self.diff}\n) AS d LEFT JOIN ({answers}) AS f ON {met})"

    def _totals(self, key: list[str]) -> str:
        """Counts of cells and steps, for each problem and, without one, for all of them."""
        numbers = ["steps", *(f"n_{status}" for status in STATUSES), *(f"trip_{name}" for name in TRIPS)]
        sums = [f"coalesce(sum({name}), 0)::BIGINT AS {name}" for name in numbers]
        sums += [f"count(*) FILTER (trip_{name} > 0) AS {name}_cells" for name in TRIPS]
        sums += [f"count(DISTINCT ({listed(KEY)})) FILTER (trip_{name} > 0) AS {name}_problems" for name in TRIPS]
        sums += ["count(*) FILTER (n_differing > 0) AS differing", "min(gravity) AS gravity"]
        sums += [f"count(*) FILTER ({name}) AS {name}" for name in ("failed", "skipped")]
        return (
            f"SELECT {listed(KEY)}, count(*) AS cells, {', '.join(sums)}, {self._ran_once(key)} AS ran_once FROM cells"
            f" GROUP BY GROUPING SETS (({listed(KEY)}), ())"
        )

    def _ran_once(self, key: list[str]) -> str:
        """Whether B has no cell whose code was run more than once, so that nothing can be flaky."""
        if not self.asks_flaky:
            return "false"
        columns = dict.fromkeys(("implementation_id", "implementation_hash", "run_id", COLUMNS[self.axis], "test_id"))
        runs = f"SLICE {listed([*columns])} FROM {each_run(self.source)}"
        name = "left(implementation_id, -1 - length(coalesce(run_id, '')))"
        named = (
            f"SELECT * REPLACE ({name} AS implementation_id), implementation_id AS run FROM (\n{runs}\n){self._here}"
        )
        again = (
            f"SELECT {listed(key)} FROM ({named}) GROUP BY {listed([*key, 'implementation_hash'])}"
            f" HAVING count(DISTINCT run) > 1 AND bool_or({COLUMNS[self.axis]} = {literal(self.after)})"
        )
        return f"NOT EXISTS (SELECT {listed(key)} FROM cells WHERE n_REMOVED < steps INTERSECT {again})"

    @property
    def _here(self) -> str:
        """With commits, runs of the commit B alone are compared with one another."""
        return f" WHERE git_commit_hash = {literal(self.after)}" if self.axis == "commit" else ""


def _shown(key: list[str], shown: Shown) -> str:
    gravest = f"row_number() OVER (PARTITION BY {listed(KEY)} ORDER BY gravity, {listed(key)})"
    cut = f" QUALIFY {gravest} <= {shown.at_most}" if shown.at_most is not None else ""
    return "SELECT * FROM cells" if shown.same else f"SELECT * FROM cells WHERE n_differing > 0{cut}"


def each_run(source: str) -> str:
    """What follows FROM, with RUNS EACH where that stands: before STEPS and MISSING.

    >>> each_run("steps WHERE (step_id > 0) STEPS LAST")
    'steps WHERE (step_id > 0) RUNS EACH STEPS LAST'
    >>> each_run("Demo -- only these").splitlines()
    ['Demo -- only these', 'RUNS EACH']
    """
    from sqlglot.dialects.duckdb import DuckDB
    from sqlglot.tokenizer_core import TokenType

    depth = 0
    for token, after in pairwise(DuckDB().tokenize(source)):
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        words = source[token.start : token.end + 1].upper(), "0" if after.text.isdigit() else after.text.upper()
        if not depth and words in AFTER_RUNS:
            return f"{source[: token.start]}RUNS EACH {source[token.start :]}"
    return f"{source}\nRUNS EACH"
