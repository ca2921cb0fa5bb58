"""MINIMIZE: few tests that separate the same implementations as all tests."""

from itertools import combinations

from tests.model.cube import Analysis, Voter
from tests.model.discriminate import cell
from tests.model.statement import Lakehouse, Row, Statement

Pairs = set[tuple[Voter, Voter]]


def minimize(found: Analysis, statement: Statement, _: Lakehouse) -> list[Row]:
    separated = {test: _separated(found, test) for test in found.tests}
    picks = _picked(separated)
    picks += [test for test in found.tests if any(cell(found, voter, test) for voter in _unseen(found, picks))][:1]
    for test in reversed(picks):
        rest = [other for other in picks if other != test]
        if _union(separated, rest) == _union(separated, picks) and not _unseen(found, rest):
            picks = rest
    rows = []
    for number, test in enumerate(picks, start=1):
        before = _union(separated, picks[: number - 1])
        classes = {tuple(cell(found, voter, other) for other in picks[:number]) for voter in found.voters}
        gained = len(separated[test] - before)
        rows.append({"pick": number, "test_id": test, "gained_pairs": gained, "classes": len(classes)})
    return rows[: int(statement.number("TO") or len(rows))]


def _picked(separated: dict[str, Pairs]) -> list[str]:
    picks: list[str] = []
    while missing := _union(separated, list(separated)) - _union(separated, picks):
        picks.append(min(separated, key=lambda test: (-len(separated[test] & missing), test)))
    return picks


def _unseen(found: Analysis, tests: list[str]) -> list[Voter]:
    """Return the voters that have none of these tests."""
    return [voter for voter in found.voters if not any(cell(found, voter, test) for test in tests)]


def _union(separated: dict[str, Pairs], tests: list[str]) -> Pairs:
    return {pair for test in tests for pair in separated[test]}


def _separated(found: Analysis, test: str) -> Pairs:
    pairs = combinations(found.voters, 2)
    return {(one, other) for one, other in pairs if cell(found, one, test) != cell(found, other, test)}
