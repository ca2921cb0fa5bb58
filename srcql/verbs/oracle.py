"""ORACLE: the consensus oracle, the response of most implementations at every step.

    ORACLE FROM … [shared clauses] [PER STEP | PER CLUSTER] [PLURALITY | MAJORITY | QUORUM q]
        [EXCEPTIONS VOTE | ABSTAIN] [TIE NULL | CLUSTER | LEAST] [WITH INPUTS]

PER STEP every implementation votes at every (test, step); PER CLUSTER only members of the largest clusters vote.
Columns: `…, test_id, step_id, output, votes, total, support, margin, n_distinct, n_missing, candidates, status`;
status is NO_VOTES, BELOW_QUORUM, TIE, UNANIMOUS, MAJORITY or PLURALITY. WITH INPUTS adds `inputs` after `step_id`.
Ordered by test and step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from srcql.clauses.equality import using_before
from srcql.clauses.reader import Reader
from srcql.clauses.shared import SHARED, Clause, choice, flag
from srcql.clauses.shares import fraction, of_votes
from srcql.lowering import behaviour, outcomes, voting
from srcql.lowering.lowering import Lowering
from srcql.lowering.voting import VotingRules
from srcql.sql import listed, same
from srcql.verbs.verb import Verb

EXCEPTIONS = ("VOTE", "ABSTAIN")


def quorum(reader: Reader) -> str | Fraction:
    """Read PLURALITY, MAJORITY, or QUORUM with the least share of the votes that wins."""
    for word in ("PLURALITY", "MAJORITY"):
        if reader.take(word):
            return word
    reader.take("QUORUM")
    start, what = reader.span[0], "a share of the votes above 0 and at most 1"
    share = fraction(reader)
    if share and 0 < share <= 1:
        return of_votes(share)
    hint, read = "as in QUORUM 0.6 or QUORUM 2/3", reader.text[start : reader.end]
    if not read:
        raise reader.expected(what, hint)
    raise reader.error(f"expected {what}, found {read}", (start, reader.end), hint)


RULES: Mapping[str, Clause] = {
    "PER": choice("PER", ("STEP", "CLUSTER")),
    "PLURALITY|MAJORITY|QUORUM": quorum,
    "EXCEPTIONS": choice("EXCEPTIONS", EXCEPTIONS),
    "TIE": choice("TIE", ("NULL", "CLUSTER", "LEAST")),
}


@dataclass(frozen=True)
class OracleClauses(VotingRules):
    """The own clauses of ORACLE: the rules of voting, and whether the result has the inputs."""

    with_inputs: bool = False


class Oracle(Verb):
    """One ORACLE statement."""

    word = "ORACLE"
    form = "ORACLE"
    shared = {**SHARED, "USING": using_before(*(f"EXCEPTIONS {word}" for word in EXCEPTIONS))}
    own = {**RULES, "WITH INPUTS": flag("WITH INPUTS")}
    own_clauses = OracleClauses
    clauses: OracleClauses
    results = (
        "test_id",
        "step_id",
        "output",
        "votes",
        "total",
        "support",
        "margin",
        "n_distinct",
        "n_missing",
        "candidates",
        "status",
    )
    order = ("test_id", "step_id")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        step = self.order if not self.clauses.with_inputs else (*self.order, "inputs")
        return (*self.cube.analysis, *step, *self.results[len(self.order) :])

    def check_runs(self, reader: Reader) -> None:
        """Allow RUNS ALL for votes per step: runs vote, but they make no clusters."""
        if self.clauses.led and self.shared_clauses.runs and self.cube.runs == "ALL":
            message = "TIE CLUSTER needs clusters, and RUNS ALL makes none"
            raise reader.error(message, self.shared_clauses.runs.span, "use TIE LEAST")
        if self.clauses.per_cluster:
            super().check_runs(reader)

    def select(self, lowering: Lowering) -> str:
        """Count the votes at every step, and decide."""
        shown = ["inputs"] if self.clauses.with_inputs else []
        traces = behaviour.traces(lowering, [*voting.COLUMNS, *shown])
        decided = outcomes.decided(lowering, self.clauses, voting.count_votes(lowering, self.clauses, traces))
        if not shown:
            return decided
        step = listed(lowering.step)
        inputs = f"SELECT {step}, min(inputs) AS inputs FROM {traces} GROUP BY {step}"
        return f"SELECT d.*, i.inputs FROM ({decided}) AS d JOIN ({inputs}) AS i ON {same('d', 'i', lowering.step)}"
