"""RANK: implementations from best to worst."""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from math import isfinite

from tests.model.check import beside
from tests.model.cluster import clusters
from tests.model.cube import Analysis, Voter, grouped
from tests.model.oracle import ABSTAINING
from tests.model.statement import Against, Lakehouse, Rejected, Row, Statement

Scores = dict[Voter, float | None]
MATCHLESS = {"EXCEPTION", "NA", "FLAKY"}


def rank(found: Analysis, statement: Statement, _: Lakehouse) -> list[Row]:
    said = (statement.number("ON") or "").split()
    if not said:
        raise Rejected("RANK without ON")
    scored, scores = _score(found, statement, said)
    sign = 1 if said[0] == "METRIC" and "DESC" not in said else -1
    keys = {voter: (score is None, sign * (score or 0)) for voter, score in scores.items()}
    return [
        {
            "rank": 1 + sum(other < keys[voter] for other in keys.values()),
            "implementation_id": voter.name,
            "score": scores[voter],
            "n_missing": sum(test not in scored.cells[voter] for test in scored.tests),
        }
        for voter in sorted(keys, key=lambda voter: (keys[voter], voter.name, voter))
    ]


def _score(found: Analysis, statement: Statement, said: list[str]) -> tuple[Analysis, Scores]:
    by_tests: dict[str, Callable[[dict[Voter, set[str]]], Scores]] = {"PASSES": _passes, "CODET": _codet}
    if said[0] in by_tests:
        checked = beside(found, statement, statement.against or Against("SPECIFIED"))
        passed = {
            voter: {test for test in checked.tests if checked.of_test(voter, test) == "PASS"}
            for voter in checked.voters
        }
        return checked.analysis, by_tests[said[0]](passed)
    scores = {"SIZE": _size, "AGREEMENT": _agreement, "MBR": _mbr}
    return found, _metric(found, said[1]) if said[0] == "METRIC" else scores[said[0]](found)


def _passes(passed: dict[Voter, set[str]]) -> Scores:
    return {voter: float(len(tests)) for voter, tests in passed.items()}


def _codet(passed: dict[Voter, set[str]]) -> Scores:
    alike = Counter(map(frozenset, passed.values()))
    return {voter: float(alike[frozenset(tests)] * len(tests) ** 2) for voter, tests in passed.items()}


def _size(found: Analysis) -> Scores:
    return {voter: float(len(members)) for members in clusters(found) for voter in members}


def _agreement(found: Analysis) -> Scores:
    """Return how often each voter agrees with the consensus."""
    voted, won = 0, Counter[Voter]()
    for test, step in found.steps:
        said = {voter: found.response(voter, test, step) for voter in found.voters}
        votes = {voter: each.text for voter, each in said.items() if each and each.kind not in ABSTAINING}
        counts = Counter(votes.values())
        voted += bool(votes)
        won.update(voter for voter, text in votes.items() if counts[text] == max(counts.values()))
    return {voter: won[voter] / voted if voted else None for voter in found.voters}


def _mbr(found: Analysis) -> Scores:
    totals = Counter[Voter]()
    for test in found.tests:
        runs = [(voter, run) for voter in found.voters for run in found.runs(voter, test)]
        able = [(voter, run) for voter, run in runs if not {said.kind for said in run.values()} & MATCHLESS]
        alike = grouped(able, lambda pair: frozenset((step, said.text) for step, said in pair[1].items()))
        totals.update({voter: len(members) - 1 for members in alike.values() for voter, _ in members})
    return {voter: float(totals[voter]) for voter in found.voters}


def _metric(found: Analysis, column: str) -> Scores:
    return {voter: _mean(found, voter, column) for voter in found.voters}


def _mean(found: Analysis, voter: Voter, column: str) -> float | None:
    rows = [each.row[column] for runs in found.cells[voter].values() for run in runs for each in run.values()]
    known = [value for value in rows if value is not None]
    if not known or not all(map(isfinite, known)):
        return None
    return float(sum(map(Fraction, known), Fraction(0)) / len(known))
