"""ORACLE: the consensus oracle, the response of most implementations at every step.

    ORACLE FROM … [shared clauses] [PER STEP | PER CLUSTER] [PLURALITY | MAJORITY | QUORUM q]
        [EXCEPTIONS VOTE | ABSTAIN] [TIE NULL | CLUSTER | LEAST]

PER STEP every implementation votes at every (test, step); PER CLUSTER only members of the largest clusters vote.
Columns: `…, test_id, step_id, output, votes, total, support, margin, n_distinct, n_missing, candidates, status`;
status is NO_VOTES, BELOW_QUORUM, TIE, UNANIMOUS, MAJORITY or PLURALITY. Ordered by test and step.
"""

from fractions import Fraction

from srcql.clauses.equality import using_before
from srcql.clauses.reader import Reader
from srcql.clauses.shared import SHARED, choice
from srcql.clauses.shares import fraction, of_votes
from srcql.lowering import behaviour, outcomes, voting
from srcql.lowering.lowering import Lowering
from srcql.lowering.voting import VotingRules
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


class Oracle(Verb):
    """One ORACLE statement; its own clauses are the rules of voting."""

    word = "ORACLE"
    form = "ORACLE"
    shared = {**SHARED, "USING": using_before(*(f"EXCEPTIONS {word}" for word in EXCEPTIONS))}
    own = {
        "PER": choice("PER", ("STEP", "CLUSTER")),
        "PLURALITY|MAJORITY|QUORUM": quorum,
        "EXCEPTIONS": choice("EXCEPTIONS", EXCEPTIONS),
        "TIE": choice("TIE", ("NULL", "CLUSTER", "LEAST")),
    }
    own_clauses = VotingRules
    clauses: VotingRules
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

    def check_runs(self, reader: Reader) -> None:
        """Allow RUNS ALL for votes per step: runs vote, but they make no clusters."""
        if self.clauses.led and self.shared_clauses.runs and self.cube.runs == "ALL":
            message = "TIE CLUSTER needs clusters, and RUNS ALL makes none"
            raise reader.error(message, self.shared_clauses.runs.span, "use TIE LEAST")
        if self.clauses.per_cluster:
            super().check_runs(reader)

    def select(self, lowering: Lowering) -> str:
        """Count the votes at every step, and decide."""
        traces = behaviour.traces(lowering, voting.COLUMNS)
        return outcomes.decided(lowering, self.clauses, voting.count_votes(lowering, self.clauses, traces))
