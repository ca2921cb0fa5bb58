"""ORACLE: the response of most implementations."""

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from fractions import Fraction

from tests.model.cluster import clusters
from tests.model.cube import Analysis, Voter, least
from tests.model.statement import Row, Statement

ABSTAINING = {"NA", "UNDEFINED", "FLAKY"}


@dataclass
class Choice:
    """One class of responses: its votes, its texts, and its voters."""

    votes: Fraction = Fraction(0)
    texts: set[str] = field(default_factory=set)
    voters: set[Voter] = field(default_factory=set)

    @property
    def least(self) -> str:
        return min(self.texts)


def oracle(analysis: Analysis, statement: Statement) -> list[Row]:
    largest = _largest(analysis, statement)
    decide = _per_cluster if statement.says("PER CLUSTER") else _per_step
    return [
        {"test_id": test, "step_id": step}
        | ({"inputs": _inputs(analysis, test, step)} if statement.says("WITH INPUTS") else {})
        | decide(analysis, statement, test, step, largest)
        for test, step in analysis.steps
    ]


def _inputs(analysis: Analysis, test: str, step: int) -> str | None:
    runs = [run for voter in analysis.voters for run in analysis.runs(voter, test) if step in run]
    return least(run[step].row["inputs"] for run in runs)


def _largest(analysis: Analysis, statement: Statement) -> list[list[Voter]]:
    """Return the largest clusters."""
    if statement.runs == "ALL":
        return []
    classes = clusters(analysis)
    return [members for members in classes if len(members) == len(classes[0])]


def _per_step(analysis: Analysis, statement: Statement, test: str, step: int, largest: list[list[Voter]]) -> Row:
    choices = _vote(analysis, statement, test, step, analysis.voters)
    total = sum((choice.votes for choice in choices), Fraction(0))
    first, second = _two([choice.votes for choice in choices])
    winners = [choice for choice in choices if choice.votes == first]
    counts = {"first": first, "total": total, "margin": first - second, "n_distinct": Fraction(len(choices))}
    return _row(analysis, statement, (test, step), counts, winners, largest)


def _per_cluster(analysis: Analysis, statement: Statement, test: str, step: int, largest: list[list[Voter]]) -> Row:
    choices = _vote(analysis, statement, test, step, [voter for members in largest for voter in members])
    sizes = [len(members) for members in clusters(analysis)]
    first, _ = _two([choice.votes for choice in choices])
    greatest, second = _two([Fraction(size) for size in sizes])
    total = Fraction(len(analysis.voters))
    counts = {"first": first, "total": total, "margin": greatest - second, "n_distinct": Fraction(len(sizes))}
    return _row(analysis, statement, (test, step), counts, choices, largest)


def _vote(analysis: Analysis, statement: Statement, test: str, step: int, voters: list[Voter]) -> list[Choice]:
    """Return the classes with votes. The runs of a cell share its one vote equally."""
    abstaining = ABSTAINING | ({"EXCEPTION"} if statement.says("EXCEPTIONS ABSTAIN") else set())
    choices: dict[Hashable, Choice] = defaultdict(Choice)
    for voter in voters:
        runs = analysis.runs(voter, test)
        for response in (run[step] for run in runs if step in run):
            if response.kind not in abstaining:
                choice = choices[response.text]
                choice.votes += Fraction(1, len(runs))
                choice.texts.add(response.row["output"])
                choice.voters.add(voter)
    return list(choices.values())


def _two(votes: list[Fraction]) -> tuple[Fraction, Fraction]:
    """Return the greatest count and the next one."""
    first, second, *_ = [*sorted(votes, reverse=True), Fraction(0), Fraction(0)]
    return first, second


def _row(
    analysis: Analysis,
    statement: Statement,
    place: tuple[str, int],
    counts: dict[str, Fraction],
    winners: list[Choice],
    largest: list[list[Voter]],
) -> Row:
    first, total = counts["first"], counts["total"]
    status = _status(statement, first, total, len(winners))
    return {
        "output": _output(statement, status, winners, largest),
        "votes": _number(first, statement),
        "total": _number(total, statement),
        "support": float(first / total) if total else None,
        "margin": float(counts["margin"] / total) if total else None,
        "n_distinct": int(counts["n_distinct"]),
        "n_missing": sum(all(place[1] not in run for run in analysis.runs(v, place[0])) for v in analysis.voters),
        "candidates": sorted(choice.least for choice in winners),
        "status": status,
    }


def _number(votes: Fraction, statement: Statement) -> int | float:
    return float(votes) if statement.runs == "ALL" else int(votes)


def _status(statement: Statement, first: Fraction, total: Fraction, winners: int) -> str:
    if first == 0:
        return "NO_VOTES"
    if _below(statement, first / total):
        return "BELOW_QUORUM"
    if winners > 1:
        return "TIE"
    if first == total:
        return "UNANIMOUS"
    return "MAJORITY" if first / total > Fraction(1, 2) else "PLURALITY"


def _below(statement: Statement, support: Fraction) -> bool:
    quorum = statement.number("QUORUM")
    if quorum is not None:
        return support < Fraction(quorum)
    return statement.says("MAJORITY") and support <= Fraction(1, 2)


def _output(statement: Statement, status: str, winners: list[Choice], largest: list[list[Voter]]) -> str | None:
    if status in ("UNANIMOUS", "MAJORITY", "PLURALITY"):
        return winners[0].least
    if status == "TIE" and statement.says("TIE LEAST"):
        return min(choice.least for choice in winners)
    if status == "TIE" and statement.says("TIE CLUSTER") and len(largest) == 1:
        return next((choice.least for choice in winners if choice.voters & set(largest[0])), None)
    return None
