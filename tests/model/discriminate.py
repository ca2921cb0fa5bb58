"""DISCRIMINATE: how well a test separates implementations."""

from collections import Counter
from collections.abc import Hashable
from itertools import combinations
from math import fsum, log

from tests.model.cube import Analysis, Voter
from tests.model.statement import Lakehouse, Row, Statement


def discriminate(found: Analysis, _: Statement, __: Lakehouse) -> list[Row]:
    return [{"test_id": test, **_test(found, test)} for test in found.tests]


def _test(found: Analysis, test: str) -> Row:
    cells = {voter: cell(found, voter, test) for voter in found.voters}
    pairs = list(combinations(cells.values(), 2))
    sizes = Counter(cells.values()).values()
    total = len(cells)
    steps = sorted(step for other, step in found.steps if other == test)
    return {
        "n_distinct": len(sizes),
        "power": sum(one != other for one, other in pairs) / len(pairs) if pairs else None,
        "entropy": fsum(size / total * log(total / size) for size in sizes) if pairs else None,
        "first_split_step": next((step for step in steps if _splits(found, test, step)), None),
        "n_missing": sum(not said for said in cells.values()),
    }


def cell(found: Analysis, voter: Voter, test: str) -> frozenset[Hashable]:
    """Return the responses of an implementation to a test; none where it lacks the test."""
    return frozenset((step, said.text) for run in found.runs(voter, test) for step, said in run.items())


def _splits(found: Analysis, test: str, step: int) -> bool:
    answers = [found.response(voter, test, step) for voter in found.voters]
    return len({said.text if said else None for said in answers}) > 1
