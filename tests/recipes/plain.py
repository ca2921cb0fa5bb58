"""The expected results of the recipes on real data, computed in plain Python."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from srcql.sql import identifier, listed, literal
from tests.model.equality import response_text
from tests.model.statement import Using

COLUMNS = ["problem_id", "implementation_id", "test_id", "step_id", "output", "execution_time_ms", "run_id"]
MASK = 2**64 - 1
Steps = dict[int, str]
Tests = dict[str, Steps]


@dataclass
class Problem:
    """The response texts of each implementation by test and step, and the specified ones."""

    cells: dict[str, Tests]
    expected: Tests

    @cached_property
    def tests(self) -> list[str]:
        return sorted({test for tests in self.cells.values() for test in tests})

    @cached_property
    def verdicts(self) -> dict[str, dict[str, str]]:
        """Return the verdicts of each implementation by test."""
        return {
            name: {test: verdict(tests.get(test), self.expected.get(test, {})) for test in self.tests}
            for name, tests in self.cells.items()
        }

    @cached_property
    def clusters(self) -> list[list[str]]:
        """Return the implementations with the same cells, the largest class first."""
        return self.told_apart_by(self.tests)

    def told_apart_by(self, tests: list[str]) -> list[list[str]]:
        classes: dict[tuple[Any, ...], list[str]] = defaultdict(list)
        for name, cells in sorted(self.cells.items()):
            classes[tuple(tuple(sorted(cells.get(test, {}).items())) for test in tests)].append(name)
        return sorted(classes.values(), key=lambda members: (-len(members), members))

    def trace(self, name: str) -> set[tuple[str, int, str]]:
        """Return the responses of an implementation, except at steps that create its object."""
        return {(test, step, text) for test, steps in self.cells[name].items() for step, text in steps.items() if step}


def verdict(steps: Steps | None, expected: Steps) -> str:
    if steps is None:
        return "MISSING"
    stated = {step: text for step, text in expected.items() if text.startswith(("VALUE", "EXCEPTION"))}
    found = {_judged(steps.get(step), text) for step, text in stated.items()}
    return next((word for word in ("FAIL", "MISSING", "NA", "PASS") if word in found), "UNDEFINED")


def _judged(text: str | None, expected: str) -> str:
    if text is None:
        return "MISSING"
    return "NA" if text in ("NA", "UNDEFINED") else "PASS" if text == expected else "FAIL"


def problems(folder: Path, data_set: str) -> dict[str, Problem]:
    """Return every problem of a data set in its latest run; a run has all cells of a problem, or none."""
    found: dict[str, Problem] = {}
    for row in _texts(latest(folder, ("data_set_id", "=", data_set), ("specified_oracle", "=", False))):
        problem = found.setdefault(row[0], Problem({}, {}))
        problem.cells.setdefault(row[1], {}).setdefault(row[2], {})[row[3]] = row[4]
    for row in _texts(read(folder, ("data_set_id", "=", data_set), ("specified_oracle", "=", True))):
        found[row[0]].expected.setdefault(row[2], {})[row[3]] = row[4]
    return found


def read(folder: Path, *filters: tuple[str, str, Any]) -> pa.Table:
    """Return rows of the file; DuckDB only reads them, ten times as fast as PyArrow."""
    rows = duckdb.read_parquet(str(folder / "observations.parquet"))
    for column, sign, value in filters:
        rows = rows.filter(f"{identifier(column)} {sign} {literal(value) if isinstance(value, str) else value}")
    return rows.project(listed(COLUMNS)).to_arrow_table()


def latest(folder: Path, *filters: tuple[str, str, Any]) -> pa.Table:
    rows = read(folder, *filters)
    again = pc.unique(rows.filter(pc.equal(rows["run_id"], "run-0002"))["problem_id"])
    older = pc.and_(pc.equal(rows["run_id"], "run-0001"), pc.is_in(rows["problem_id"], again))
    return rows.filter(pc.invert(older))


def _texts(rows: pa.Table) -> Iterator[tuple[str, str, str, int, str]]:
    outputs = rows["output"].combine_chunks().dictionary_encode()
    texts = [response_text(output, Using()) for output in outputs.dictionary.to_pylist()]
    keys = (rows[name].to_pylist() for name in COLUMNS[:4])
    yield from zip(*keys, (texts[code] for code in outputs.indices.to_pylist()), strict=True)


def right(problem: Problem) -> list[str]:
    """Return the implementations that pass a test and have no verdict but PASS and UNDEFINED."""
    found = {name: set(verdicts.values()) for name, verdicts in problem.verdicts.items()}
    return [name for name, words in found.items() if "PASS" in words <= {"PASS", "UNDEFINED"}]


def pass_at_k(problem: Problem, k: int) -> Fraction:
    n, c = len(problem.cells), len(right(problem))
    return 1 - Fraction(math.comb(n - c, k), math.comb(n, k))


def coincident_failures(problem: Problem, most: float) -> tuple[int, int, int, int, float]:
    """Return versions, tests, most failures in one test, tests with at least two, and how many are expected."""
    judged = {
        name: {test: word for test, word in verdicts.items() if word in ("PASS", "FAIL")}
        for name, verdicts in problem.verdicts.items()
    }
    shares = {name: list(words.values()).count("FAIL") / len(words) for name, words in judged.items() if words}
    versions = [name for name, share in shares.items() if share < most]
    failures = Counter({test: 0 for name in versions for test in judged[name]})
    failures.update(test for name in versions for test, word in judged[name].items() if word == "FAIL")
    none = math.prod(1 - shares[name] for name in versions)
    one = sum(shares[name] * math.prod(1 - shares[o] for o in versions if o != name) for name in versions)
    many = [count for count in failures.values() if count > 1]
    return len(versions), len(failures), max(failures.values()), len(many), len(failures) * (1 - none - one)


def jaccard(problem: Problem) -> dict[tuple[str, str], float]:
    """Return the similarity of the first members of every two clusters."""
    traces = {min(members): problem.trace(min(members)) for members in problem.clusters}
    return {
        (left, right): len(traces[left] & traces[right]) / len(traces[left] | traces[right])
        for left, right in combinations(sorted(traces), 2)
    }
