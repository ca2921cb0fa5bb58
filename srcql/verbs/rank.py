"""RANK: implementations from the best to the worst, by what their behaviour says of them.

    RANK FROM … [shared clauses] ON SIZE | PASSES | AGREEMENT | CODET | MBR | METRIC column [ASC | DESC] [AGAINST …]

Columns: `…, rank, implementation_id, score, n_missing`. Those with one score share a rank, and the next is as many
further. CODET is that of Chen et al., "CodeT: Code Generation with Generated Tests" (2022), with the tests passed
squared; MBR that of Shi et al., "Natural Language to Code Translation with Execution" (2022). Ordered by rank and
implementation.
"""

from dataclasses import dataclass

from srcql.clauses.reader import Reader
from srcql.errors import UnknownName, suggestion
from srcql.lowering import behaviour, verdicts
from srcql.lowering.against import Against, against, check
from srcql.lowering.cells import Lowering
from srcql.schema import Role
from srcql.sql import identifier, listed, same
from srcql.verbs.oracle import Oracle
from srcql.verbs.verb import Verb

SCORES = ("SIZE", "PASSES", "AGREEMENT", "CODET", "MBR", "METRIC")
JUDGED = ("PASSES", "CODET")
NUMBERS = ("DOUBLE", "FLOAT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT")
EXACT = "TRY_CAST(CAST({} AS VARCHAR) AS DECIMAL(38, 18))"
WHO = ("__entry", "__who")


@dataclass(frozen=True)
class On:
    """What implementations are ranked on; the greatest is the best, unless it is ascending."""

    score: str
    column: str = ""
    ascending: bool = False


def on(reader: Reader) -> On:
    """ON and a score; of METRIC the column, and which of its ends is the best."""
    reader.take("ON")
    score = reader.expect(SCORES)
    if score != "METRIC":
        return On(score)
    name = reader.name("a column of numbers")
    columns = {c.name.lower(): c for c in reader.observations.columns if c.role in (Role.METRIC, Role.CONTEXT)}
    numbers = {key: column.name for key, column in columns.items() if column.type in NUMBERS}
    if name.text.lower() not in numbers:
        hint = suggestion(name.text, numbers.values(), "columns of numbers")
        raise reader.error(f"unknown metric {name.text}", name.span, hint, UnknownName)
    ascending = not reader.take("DESC")
    if ascending:
        reader.take("ASC")
    return On(score, numbers[name.text.lower()], ascending)


class Rank(Verb):
    """One RANK statement."""

    word = "RANK"
    form = "RANK"
    own = {"ON": on, "AGAINST": against}  # noqa: RUF012
    results = ("rank", "implementation_id", "score", "n_missing")
    order = ("rank", "implementation_id")

    def check(self, reader: Reader) -> None:
        """Ask for a score, and refuse a reference where none is looked at."""
        super().check(reader)
        if "ON" not in self.clauses:
            raise reader.error("RANK needs a score", self.place, f"RANK FROM … ON {' | '.join(SCORES)}")
        if "AGAINST" not in self.clauses:
            return
        if self._on.score not in JUDGED:
            hint = f"{' and '.join(JUDGED)} count the tests that are passed"
            raise reader.error(f"ON {self._on.score} looks at no reference", self._against.span, hint)
        if self._against.kind == "RUN" and "run_id" in self.cube.by:
            raise reader.error("BY run_id leaves no two runs to compare", self._against.span)
        check(reader, self.cube.using, self.cube.runs, self._against)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        return (*self.cube.analysis, *self.results)

    def select(self, lowering: Lowering) -> str:
        """Score every implementation, and count those before it."""
        score = getattr(self, f"_{self._on.score.lower()}")(lowering)
        lowering.define("__scores", score)
        analysis, direction = listed(self.cube.analysis, "s"), "ASC" if self._on.ascending else "DESC"
        window = f"PARTITION BY {analysis} ORDER BY s.score {direction} NULLS LAST"
        return (
            f"SELECT {analysis}, rank() OVER ({window}) AS rank, s.__entry AS implementation_id, s.score,"
            f" u.__tests - coalesce(h.__tests, 0) AS n_missing FROM __scores AS s"
            f" JOIN (SELECT {listed(self.cube.analysis)}, count(DISTINCT test_id) AS __tests FROM {self._universe}"
            f" GROUP BY {listed(self.cube.analysis)}) AS u ON {same('s', 'u', self.cube.analysis)}"
            f" LEFT JOIN (SELECT {self._who}, count(DISTINCT test_id) AS __tests FROM __traces GROUP BY {self._who})"
            f" AS h ON {same('s', 'h', self.cube.analysis)} AND s.__who = h.__who"
        )

    @property
    def _on(self) -> On:
        score: On = self.clauses["ON"]
        return score

    @property
    def _against(self) -> Against:
        reference: Against = self.clauses.get("AGAINST", Against("SPECIFIED", self.place))
        return reference

    @property
    def _universe(self) -> str:
        return "__asked" if self._on.score in JUDGED else "__traces"

    @property
    def _who(self) -> str:
        return listed([*self.cube.analysis, *WHO])

    def _size(self, lowering: Lowering) -> str:
        behaviour.traces(lowering)
        behaviour.clusters(lowering, behaviour.signatures(lowering))
        cluster = same("s", "k", [*self.cube.analysis, "__one", "__other", "__steps"])
        columns = listed([*self.cube.analysis, *WHO], "s")
        score = "CAST(k.size AS DOUBLE) AS score"
        return f"SELECT {columns}, {score} FROM __signatures AS s JOIN __clusters AS k ON {cluster}"

    def _passed(self, lowering: Lowering) -> str:
        """What each passes: the tests, sorted, and their number; who passes nothing is there all the same."""
        verdicts.steps(lowering, self._against)
        verdicts.tests(lowering)
        passed = (
            f"SELECT {listed([*self.cube.analysis, *WHO], 'c')}, list_sort(list(j.test_id)) AS __tests,"
            f" count(j.test_id) AS __passed FROM __checked AS c LEFT JOIN __judged AS j"
            f" ON {same('c', 'j', self.cube.analysis)} AND c.__who = j.__who AND j.verdict = 'PASS' GROUP BY ALL"
        )
        return lowering.define("__passed", passed)

    def _passes(self, lowering: Lowering) -> str:
        return f"SELECT {self._who}, CAST(__passed AS DOUBLE) AS score FROM {self._passed(lowering)}"

    def _codet(self, lowering: Lowering) -> str:
        size = f"count(*) OVER (PARTITION BY {listed(self.cube.analysis)}, __tests)"
        return (
            f"SELECT {self._who}, CAST({size} * __passed * __passed AS DOUBLE) AS score FROM {self._passed(lowering)}"
        )

    def _agreement(self, lowering: Lowering) -> str:
        """Of the steps that anybody votes on, how many has it in common with what has the most votes."""
        Oracle(self.cube, None, {}, self.place).select(lowering)
        analysis, step = self.cube.analysis, [*self.cube.analysis, "test_id", "step_id"]
        won = (
            f"SELECT {listed([*analysis, '__who'], 'v')}, count(*) AS __won FROM __voters AS v JOIN __ranked AS r"
            f" ON {same('v', 'r', step)} AND v.__response = r.__response AND r.__votes = r.__first GROUP BY ALL"
        )
        voted = f"SELECT {listed(analysis)}, count(*) AS __voted FROM __tallies GROUP BY ALL"
        return (
            f"SELECT {listed([*analysis, *WHO], 'c')}, coalesce(w.__won, 0) / t.__voted AS score"
            f" FROM (SELECT DISTINCT {self._who} FROM __traces) AS c"
            f" LEFT JOIN ({voted}) AS t ON {same('c', 't', analysis)}"
            f" LEFT JOIN ({won}) AS w ON {same('c', 'w', analysis)} AND c.__who = w.__who"
        )

    def _mbr(self, lowering: Lowering) -> str:
        """Cells are equal when the sums of their steps' hashes are; one that fails anywhere equals none."""
        behaviour.traces(lowering, ["response_kind"])
        analysis, row_hash = listed(self.cube.analysis), lowering.forms.row_hash
        one = f"sum({row_hash.format('step_id', '__response', 'test_id')}) AS __one"
        other = f"sum({row_hash.format('__response', 'test_id', 'step_id')}) AS __other"
        silent = f"{lowering.kind('c')} IN ('EXCEPTION', 'NA', 'FLAKY')"
        cells = (
            f"SELECT {self._who}, test_id, {one}, {other}, count(*) AS __steps,"
            f" count(*) FILTER ({silent}) = 0 AS __counts FROM __traces AS c GROUP BY {self._who}, test_id"
        )
        lowering.define("__answered", cells)
        peers = f"count(*) OVER (PARTITION BY {analysis}, test_id, __one, __other, __steps, __counts) - 1"
        met = f"SELECT *, CASE WHEN __counts THEN {peers} ELSE 0 END AS __peers FROM __answered"
        return f"SELECT {self._who}, CAST(sum(__peers) AS DOUBLE) AS score FROM ({met}) GROUP BY {self._who}"

    def _metric(self, lowering: Lowering) -> str:
        """The mean of decimal numbers, which sum to the same in every order."""
        column = identifier(self._on.column)
        behaviour.traces(lowering, [self._on.column])
        exact = f"SELECT *, {EXACT.format(column)} AS __exact FROM __traces"
        mean = "CAST(sum(__exact) AS DOUBLE) / nullif(count(__exact), 0)"
        mean = f"CASE WHEN count({column}) = count(__exact) THEN {mean} END"
        return f"SELECT {self._who}, {mean} AS score FROM ({exact}) GROUP BY {self._who}"
