"""RANK: implementations from the best to the worst, by a score of their behaviour.

    RANK FROM … [shared clauses] ON SIZE | PASSES | AGREEMENT | CODET | MBR | METRIC column [ASC | DESC] [AGAINST …]

Columns: `…, rank, implementation_id, score, n_missing`. Implementations with the same score share a rank, and the next
rank counts all of them. CODET is that of Chen et al., "CodeT: Code Generation with Generated Tests" (2022), with the
passed tests squared; MBR is that of Shi et al., "Natural Language to Code Translation with Execution" (2022). Ordered
by rank and implementation.
"""

from collections.abc import Callable
from dataclasses import dataclass

from srcql.clauses.reader import Reader
from srcql.errors import UnknownName, suggestion
from srcql.lowering import behaviour, verdicts, voting
from srcql.lowering.against import Against
from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
from srcql.lowering.voting import VotingRules
from srcql.schema import Role
from srcql.sql import identifier, listed, same
from srcql.verbs.reference import against, check_reference
from srcql.verbs.verb import Verb

SCORES = ("SIZE", "PASSES", "AGREEMENT", "CODET", "MBR", "METRIC")
JUDGED = ("PASSES", "CODET")
WHOLE = ("BIGINT", "INTEGER", "SMALLINT", "TINYINT")
NUMBERS = ("DOUBLE", "FLOAT", *WHOLE)
WHO = ("__entry", "__who")


@dataclass(frozen=True)
class On:
    """The score of a ranking; the greatest is the best, unless it is ascending."""

    score: str
    column: str = ""
    ascending: bool = False
    whole: bool = False


def on(reader: Reader) -> On:
    """Read ON and a score; METRIC has a column and an order."""
    reader.take("ON")
    score = reader.expect(SCORES)
    if score != "METRIC":
        return On(score)
    name = reader.name("a column of numbers")
    columns = {c.name.lower(): c for c in reader.observations.columns if c.role in (Role.METRIC, Role.CONTEXT)}
    numbers = {key: column for key, column in columns.items() if column.type in NUMBERS}
    if name.text.lower() not in numbers:
        hint = suggestion(name.text, [column.name for column in numbers.values()], "columns of numbers")
        raise reader.error(f"unknown metric {name.text}", name.span, hint, UnknownName)
    ascending = not reader.take("DESC")
    if ascending:
        reader.take("ASC")
    column = numbers[name.text.lower()]
    return On(score, column.name, ascending, column.type in WHOLE)


@dataclass(frozen=True)
class Scored:
    """The query of the scores, the traces that were read, and the tests that each implementation could have."""

    scores: str
    traces: Cte
    universe: Cte


@dataclass(frozen=True)
class RankClauses:
    """The own clauses of RANK; ON is required, and without AGAINST the reference is SPECIFIED."""

    on: On | None = None
    against: Against | None = None


class Rank(Verb):
    """One RANK statement."""

    word = "RANK"
    form = "RANK"
    own = {"ON": on, "AGAINST": against}
    own_clauses = RankClauses
    clauses: RankClauses
    results = ("rank", "implementation_id", "score", "n_missing")
    order = ("rank", "implementation_id")

    def check(self, reader: Reader) -> None:
        """Require a score, and reject a reference for scores that have none."""
        super().check(reader)
        if self.clauses.on is None:
            raise reader.error("RANK needs a score", self.place, f"use RANK FROM … ON {' | '.join(SCORES)}")
        if self.clauses.against is None:
            return
        if self._on.score not in JUDGED:
            hint = f"use ON {' or ON '.join(JUDGED)}, which count the passed tests"
            raise reader.error(f"ON {self._on.score} takes no AGAINST", self._against.span, hint)
        check_reference(reader, self.cube, self._against)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        return (*self.cube.analysis, *self.results)

    def select(self, lowering: Lowering) -> str:
        """Score every implementation, and rank it within its analysis."""
        scored = self._scores[self._on.score](lowering)
        scores = lowering.define("__scores", scored.scores)
        cube, analysis = self.cube.analysis, listed(self.cube.analysis)
        direction = "ASC" if self._on.ascending else "DESC"
        window = f"PARTITION BY {listed(cube, 's')} ORDER BY s.score {direction} NULLS LAST"
        tests = "count(DISTINCT test_id) AS __tests"
        return (
            f"SELECT {listed(cube, 's')}, rank() OVER ({window}) AS rank, s.__entry AS implementation_id, s.score,"
            f" u.__tests - coalesce(h.__tests, 0) AS n_missing FROM {scores} AS s"
            f" JOIN (SELECT {analysis}, {tests} FROM {scored.universe}"
            f" GROUP BY {analysis}) AS u ON {same('s', 'u', cube)}"
            f" LEFT JOIN (SELECT {self._who}, {tests} FROM {scored.traces} GROUP BY {self._who})"
            f" AS h ON {same('s', 'h', cube)} AND s.__who = h.__who"
        )

    @property
    def _scores(self) -> dict[str, Callable[[Lowering], Scored]]:
        return {
            "SIZE": self._size,
            "PASSES": self._passes,
            "AGREEMENT": self._agreement,
            "CODET": self._codet,
            "MBR": self._mbr,
            "METRIC": self._metric,
        }

    @property
    def _on(self) -> On:
        assert self.clauses.on is not None
        return self.clauses.on

    @property
    def _against(self) -> Against:
        return self.clauses.against or Against("SPECIFIED", self.place)

    @property
    def _who(self) -> str:
        return listed([*self.cube.analysis, *WHO])

    def _size(self, lowering: Lowering) -> Scored:
        found = behaviour.behaviour(lowering, behaviour.traces(lowering))
        cluster = same("s", "k", [*self.cube.analysis, *behaviour.SIGNATURE])
        columns = listed([*self.cube.analysis, *WHO], "s")
        scores = (
            f"SELECT {columns}, CAST(k.size AS DOUBLE) AS score"
            f" FROM {found.signatures} AS s JOIN {found.clusters} AS k ON {cluster}"
        )
        return Scored(scores, found.traces, found.traces)

    def _passes(self, lowering: Lowering) -> Scored:
        return self._judged(lowering, "__passed")

    def _codet(self, lowering: Lowering) -> Scored:
        size = f"count(*) OVER (PARTITION BY {listed(self.cube.analysis)}, __tests)"
        return self._judged(lowering, f"{size} * __passed * __passed")

    def _judged(self, lowering: Lowering, score: str) -> Scored:
        """Score by the tests that an implementation passes: `__tests`, their sorted list, and `__passed`, their number.

        An implementation that passes nothing has an empty list.
        """
        verdicts_ = verdicts.steps(lowering, self._against)
        judged = verdicts.tests(lowering, verdicts_)
        passed = (
            f"SELECT {listed([*self.cube.analysis, *WHO], 'c')}, list_sort(list(j.test_id)) AS __tests,"
            f" count(j.test_id) AS __passed FROM {verdicts_.of.checked} AS c LEFT JOIN {judged} AS j"
            f" ON {same('c', 'j', self.cube.analysis)} AND c.__who = j.__who AND j.verdict = 'PASS' GROUP BY ALL"
        )
        of = lowering.define("__passed", passed)
        scores = f"SELECT {self._who}, CAST({score} AS DOUBLE) AS score FROM {of}"
        return Scored(scores, verdicts_.of.traces, verdicts_.of.asked)

    def _agreement(self, lowering: Lowering) -> Scored:
        """Score by the share of the steps with votes at which an implementation voted for a winner."""
        traces = behaviour.traces(lowering, voting.COLUMNS)
        votes = voting.count_votes(lowering, VotingRules(), traces)
        analysis = self.cube.analysis
        won = (
            f"SELECT {listed([*analysis, '__who'], 'v')}, count(*) AS __won FROM {votes.voters} AS v"
            f" JOIN {votes.ranked} AS r ON {same('v', 'r', lowering.step)} AND v.__response = r.__response"
            f" AND r.{voting.WINS} GROUP BY ALL"
        )
        voted = f"SELECT {listed(analysis)}, count(*) AS __voted FROM {votes.tallies} GROUP BY ALL"
        scores = (
            f"SELECT {listed([*analysis, *WHO], 'c')}, coalesce(w.__won, 0) / t.__voted AS score"
            f" FROM (SELECT DISTINCT {self._who} FROM {traces}) AS c"
            f" LEFT JOIN ({voted}) AS t ON {same('c', 't', analysis)}"
            f" LEFT JOIN ({won}) AS w ON {same('c', 'w', analysis)} AND c.__who = w.__who"
        )
        return Scored(scores, traces, traces)

    def _mbr(self, lowering: Lowering) -> Scored:
        """Score by the number of equal cells of others; a cell that fails at any step equals none.

        Cells are equal when the sums of their steps' hashes are.
        """
        traces = behaviour.traces(lowering, ["response_kind"])
        analysis, row_hash = listed(self.cube.analysis), lowering.forms.row_hash
        one = f"sum({row_hash.format('step_id', '__response', 'test_id')}) AS __one"
        other = f"sum({row_hash.format('__response', 'test_id', 'step_id')}) AS __other"
        silent = f"{lowering.kind('c')} IN ('EXCEPTION', 'NA', 'FLAKY')"
        cells = (
            f"SELECT {self._who}, test_id, {one}, {other}, count(*) AS __steps,"
            f" count(*) FILTER ({silent}) = 0 AS __counts FROM {traces} AS c GROUP BY {self._who}, test_id"
        )
        answered = lowering.define("__answered", cells)
        peers = f"count(*) OVER (PARTITION BY {analysis}, test_id, __one, __other, __steps, __counts) - 1"
        met = f"SELECT *, CASE WHEN __counts THEN {peers} ELSE 0 END AS __peers FROM {answered}"
        scores = f"SELECT {self._who}, CAST(sum(__peers) AS DOUBLE) AS score FROM ({met}) GROUP BY {self._who}"
        return Scored(scores, traces, traces)

    def _metric(self, lowering: Lowering) -> Scored:
        """Score by the mean of the column, which is exact before it is rounded."""
        traces = behaviour.traces(lowering, [self._on.column])
        mean = lowering.forms.mean_of_whole if self._on.whole else lowering.forms.mean
        score = mean.format(identifier(self._on.column))
        return Scored(f"SELECT {self._who}, {score} AS score FROM {traces} GROUP BY {self._who}", traces, traces)
