"""Voting: the rules of ORACLE, and the votes at every step.

__sizes    how large the largest clusters of an analysis are              PER CLUSTER, TIE CLUSTER
__leading  the entries in these clusters
__voters   the responses that are votes
__classes  the votes for each response at each step, and its least text
__ranked   the same, with the most votes at the step
__tallies  the votes at each step
__led      the response of the largest cluster where it is among those with the most votes    TIE CLUSTER
"""

from dataclasses import dataclass
from fractions import Fraction

from srcql.errors import Unsupported
from srcql.lowering.behaviour import SIGNATURE, Behaviour, Traces, behaviour
from srcql.lowering.cte import Cte
from srcql.lowering.engines import ELSEWHERE
from srcql.lowering.lowering import Lowering
from srcql.sql import listed, literal, same

ABSTAINING = ("NA", "UNDEFINED")
COLUMNS = ("output", "response_kind")  # what traces need for a vote
WINS = "__votes = __first"


@dataclass(frozen=True)
class VotingRules:
    """Who votes, what a winner needs, and what decides a tie; `quorum` is a word or the least share of the votes."""

    per: str = "STEP"
    quorum: str | Fraction = "PLURALITY"
    exceptions: str = "VOTE"
    tie: str = "NULL"

    @property
    def per_cluster(self) -> bool:
        """Whether only members of the largest clusters vote."""
        return self.per == "CLUSTER"

    @property
    def led(self) -> bool:
        """Whether the largest cluster decides a tie; PER CLUSTER, a tie means that several clusters are largest."""
        return self.tie == "CLUSTER" and not self.per_cluster


@dataclass(frozen=True)
class Leading:
    """The largest clusters of each analysis."""

    sizes: Cte
    members: Cte


@dataclass(frozen=True)
class Votes:
    """The votes at each step: `sizes` only when clusters vote, `led` only when the largest cluster decides a tie."""

    traces: Traces
    voters: Cte
    ranked: Cte
    tallies: Cte
    sizes: Cte | None
    led: Cte | None


def count_votes(lowering: Lowering, rules: VotingRules, traces: Traces) -> Votes:
    """Count the votes for every class of responses at every step; the traces need `COLUMNS`."""
    leading = _leading(lowering, behaviour(lowering, traces)) if rules.per_cluster or rules.led else None
    electorate = leading if rules.per_cluster else None
    condition = is_vote(lowering, rules, electorate)
    voters = lowering.define("__voters", f"SELECT t.* FROM {traces} AS t WHERE {condition}")
    classes = _classes(lowering, voters)
    most = f"SELECT *, max(__votes) OVER (PARTITION BY {listed(lowering.step)}) AS __first FROM {classes}"
    ranked = lowering.define("__ranked", most)
    tallies = _tallies(lowering, rules, ranked)
    led = _led(lowering, leading, voters, ranked) if leading and rules.led else None
    return Votes(traces, voters, ranked, tallies, electorate.sizes if electorate else None, led)


def is_vote(lowering: Lowering, rules: VotingRules, leading: Leading | None = None) -> str:
    """Return the condition that a response is a vote, as SQL over `t`, a row of the traces.

    With `leading`, only members of the largest clusters vote.
    """
    abstaining = [*ABSTAINING, *(["EXCEPTION"] if rules.exceptions == "ABSTAIN" else [])]
    condition = f"t.response_kind NOT IN ({', '.join(map(literal, abstaining))})"
    if lowering.compared:
        condition += " AND NOT t.__flaky"
    if leading:
        leads = same("t", "l", lowering.cube.analysis)
        condition += f" AND EXISTS (SELECT 1 FROM {leading.members} AS l WHERE {leads} AND t.__who = l.__who)"
    return condition


def _leading(lowering: Lowering, of: Behaviour) -> Leading:
    cube = lowering.cube.analysis
    analysis = listed(cube)
    ranked = f"SELECT *, max(size) OVER (PARTITION BY {analysis}) AS __largest FROM {of.clusters}"
    sizes = lowering.define(
        "__sizes",
        f"SELECT {analysis}, __largest, count(*) AS n_distinct, count(*) FILTER (size = __largest) AS __leaders,"
        " CASE WHEN count(*) FILTER (size = __largest) > 1 THEN __largest"
        " ELSE coalesce(max(size) FILTER (size < __largest), 0) END AS __second"
        f" FROM ({ranked}) GROUP BY {analysis}, __largest",
    )
    members = (
        f"SELECT {listed(cube, 's')}, s.__who, z.__leaders FROM {of.signatures} AS s"
        f" JOIN {of.clusters} AS k ON {same('s', 'k', [*cube, *SIGNATURE])}"
        f" JOIN {sizes} AS z ON {same('s', 'z', cube)} AND k.size = z.__largest"
    )
    return Leading(sizes, lowering.define("__leading", members))


def _classes(lowering: Lowering, voters: Cte) -> Cte:
    step, of, votes = listed(lowering.step), str(voters), "count(*) AS __votes, 1 AS __scale"
    if lowering.weighed:
        scales = _scales(lowering, voters)
        of = f"(SELECT v.*, s.__scale FROM {voters} AS v JOIN ({scales}) AS s ON {same('v', 's', lowering.step)})"
        votes = "sum(__scale // __runs) AS __votes, max(__scale) AS __scale"
    classes = f"SELECT {step}, __response, {votes}, min(output) AS __text FROM {of} GROUP BY {step}, __response"
    return lowering.define("__classes", classes)


def _scales(lowering: Lowering, voters: Cte) -> str:
    """Return a query of each step's units: with RUNS ALL the runs of a cell share its vote.

    A unit is a part of a vote that divides the share of every run, so that votes are whole numbers of units.
    """
    if not lowering.forms.least_multiple:
        raise Unsupported("the SQL of this engine does not support RUNS ALL", hint=ELSEWHERE)
    step, unit = listed(lowering.step), lowering.forms.least_multiple.format("__runs")
    return f"SELECT {step}, {unit} AS __scale FROM {voters} GROUP BY {step}"


def _tallies(lowering: Lowering, rules: VotingRules, ranked: Cte) -> Cte:
    """PER CLUSTER every response is a candidate, as the largest clusters differ; else those with the most votes are."""
    step, candidate = listed(lowering.step), "true" if rules.per_cluster else WINS
    tallies = (
        f"SELECT {step}, max(__scale) AS __scale, sum(__votes) AS __total, max(__first) AS __most,"
        f" count(*) AS __classes_n, count(*) FILTER ({candidate}) AS __winners,"
        f" CASE WHEN count(*) FILTER ({WINS}) > 1 THEN max(__first)"
        " ELSE coalesce(max(__votes) FILTER (__votes < __first), 0) END AS __second,"
        f" min(__text) FILTER ({candidate}) AS __text, list_sort(list(__text) FILTER ({candidate})) AS __texts"
        f" FROM {ranked} GROUP BY {step}"
    )
    return lowering.define("__tallies", tallies)


def _led(lowering: Lowering, leading: Leading, voters: Cte, ranked: Cte) -> Cte:
    leads, step = same("t", "l", lowering.cube.analysis), lowering.step
    said = (
        f"SELECT {listed(step, 't')}, min(r.__text) AS __said FROM {voters} AS t"
        f" JOIN {leading.members} AS l ON {leads} AND t.__who = l.__who AND l.__leaders = 1"
        f" JOIN {ranked} AS r ON {same('t', 'r', step)} AND t.__response = r.__response AND r.{WINS}"
        " GROUP BY ALL"
    )
    return lowering.define("__led", said)
