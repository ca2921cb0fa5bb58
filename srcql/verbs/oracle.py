"""ORACLE: the consensus oracle, the response of most implementations at every step.

    ORACLE FROM … [shared clauses] [PER STEP | PER CLUSTER] [PLURALITY | MAJORITY | QUORUM q]
        [EXCEPTIONS VOTE | ABSTAIN] [TIE NULL | CLUSTER | LEAST]

PER STEP every implementation votes at every (test, step); PER CLUSTER only members of the largest clusters vote.
Columns: `…, test_id, step_id, output, votes, total, support, margin, n_distinct, n_missing, candidates, status`;
status is NO_VOTES, BELOW_QUORUM, TIE, UNANIMOUS, MAJORITY or PLURALITY. Ordered by test and step.
"""

from srcql.clauses.equality import using_before
from srcql.clauses.reader import Reader
from srcql.clauses.shared import SHARED
from srcql.lowering import behaviour, outcomes, voting
from srcql.lowering.lowering import Lowering
from srcql.lowering.voting import VotingRules
from srcql.verbs.verb import Verb

EXCEPTIONS = ("VOTE", "ABSTAIN")


class Oracle(Verb):
    """One ORACLE statement."""

    word = "ORACLE"
    form = "ORACLE"
    shared = {**SHARED, "USING": using_before(*(f"EXCEPTIONS {word}" for word in EXCEPTIONS))}  # noqa: RUF012
    own = voting.CLAUSES
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
        return (*self.cube.analysis, *self.results)

    @property
    def rules(self) -> VotingRules:
        """The rules that its clauses state."""
        return VotingRules.of(self.clauses)

    def check_runs(self, reader: Reader) -> None:
        """Every run may vote, but runs make no clusters."""
        if self.rules.led and self.cube.runs == "ALL":
            hint = "TIE LEAST decides without them"
            message = "TIE CLUSTER needs clusters, and RUNS ALL makes none"
            raise reader.error(message, self.clauses["RUNS"].span, hint)
        if self.rules.per_cluster:
            super().check_runs(reader)

    def select(self, lowering: Lowering) -> str:
        """Count the votes at every step, and decide."""
        traces = behaviour.traces(lowering, voting.COLUMNS)
        return outcomes.decided(lowering, self.rules, voting.count_votes(lowering, self.rules, traces))
