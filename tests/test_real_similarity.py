"""SIMILARITY on real observations: every pair of some problems, against counts in plain Python."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations
from math import fsum
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flight_server.engines.forking import FORKING
from srcql.errors import UnknownName
from srcql_client import Connection
from tests.model.equality import response_text
from tests.model.statement import Using
from tests.udfs.installed import installed

MEASURE = """
def longer(left, right):
    return len(left) / (1 + len(right))
"""
FLAKY = ("ClassEval", "ClassEval_36_EmailClient")
SOME = "WHERE length(output) % 5 > 0"
EXACT, CANONICAL = Using(base="EXACT"), Using(base="CANONICAL")
CASES = [
    ("AGREEMENT", "", CANONICAL),
    ("AGREEMENT", SOME, CANONICAL),
    ("AGREEMENT", "RUNS EACH", EXACT),
    ("JACCARD", "RUNS EACH", CANONICAL),
    ("JACCARD", SOME, EXACT),
    ("EDIT", "WHERE run_id = 'run-0001'", EXACT),
    ("EDIT", SOME, CANONICAL),
    ("longer", "", CANONICAL),
]

Observed = list[dict[str, Any]]
Behaviours = dict[str, dict[str, dict[int, str]]]  # entry -> test -> step -> output


@pytest.fixture(scope="module")
def observed(python_folder: Path) -> dict[tuple[str, str], Observed]:
    """Observations of a random problem of each data set, and of one problem whose runs differ."""
    key = ["data_set_id", "problem_id"]
    file, filters = python_folder / "observations.parquet", [("specified_oracle", "=", False)]
    problems = defaultdict(set)
    for row in pq.read_table(file, columns=key, filters=filters).group_by(key).aggregate([]).to_pylist():
        problems[row["data_set_id"]].add(row["problem_id"])
    drawn = random.Random(5)
    chosen = {FLAKY, *((name, drawn.choice(sorted(problems[name]))) for name in sorted(problems))}
    columns = [*key, "implementation_id", "test_id", "step_id", "output", "run_id", "created_at"]
    filters.append(("problem_id", "in", {problem for _, problem in chosen}))
    found = defaultdict(list)
    for row in pq.read_table(file, columns=columns, filters=filters).to_pylist():
        found[row["data_set_id"], row["problem_id"]].append(row)
    assert found.keys() == chosen
    return found


def behaviours(rows: Observed, runs: str) -> Behaviours:
    """Return the behaviour of each implementation: of EACH run, else of the latest run that has rows of a cell."""
    if runs == SOME:
        rows = [row for row in rows if len(row["output"]) % 5 > 0]
    elif runs.startswith("WHERE"):
        rows = [row for row in rows if row["run_id"] == "run-0001"]
    cells: dict[tuple[str, str], dict[str, Observed]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        cells[row["implementation_id"], row["test_id"]][row["run_id"]].append(row)
    found: Behaviours = defaultdict(dict)
    for (name, test), of_runs in cells.items():
        late = max(of_runs, key=lambda run: (max(row["created_at"] for row in of_runs[run]), run))
        for run in of_runs if runs == "RUNS EACH" else [late]:
            entry = f"{name}@{run}" if runs == "RUNS EACH" else name
            found[entry][test] = {row["step_id"]: row["output"] for row in of_runs[run]}
    return found


def agreement(left: Any, right: Any, both: set[str]) -> float:
    return sum(left[test] == right[test] for test in both) / len(both)


def jaccard(left: Any, right: Any, both: set[str]) -> float:
    ours, theirs = ({(test, *step) for test in both for step in of[test].items()} for of in (left, right))
    return len(ours & theirs) / len(ours | theirs)


@cache
def edit(left: str, right: str) -> float:
    """Return the edit distance, by the bit-parallel algorithm of Hyyrö (2003, after Myers)."""
    if not left or not right:
        return float(left == right)
    mask, last = (1 << len(left)) - 1, 1 << len(left) - 1
    places: dict[str, int] = defaultdict(int)
    for place, letter in enumerate(left):
        places[letter] |= 1 << place
    more, less, distance = mask, 0, len(left)
    for letter in right:
        match = places[letter] | less
        diagonal = (((match & more) + more) ^ more) | match
        up, down = less | ~(diagonal | more), more & diagonal
        distance += bool(up & last) - bool(down & last)
        up, down = up << 1 | 1, down << 1
        more, less = (down | ~(diagonal | up)) & mask, up & diagonal & mask
    return 1 - distance / max(len(left), len(right))


def longer(left: str, right: str) -> float:
    return len(left) / (1 + len(right))


def mean(alike: Callable[[str, str], float], left: Any, right: Any, both: set[str]) -> float | None:
    steps = [(left[test][step], right[test][step]) for test in both for step in left[test].keys() & right[test].keys()]
    return fsum(alike(*step) for step in steps) / len(steps) if steps else None


def counted(measure: str, found: Behaviours, using: Using) -> list[tuple[Any, ...]]:
    """Return every pair with its similarity and its common, equal and missing tests."""
    text = cache(lambda output: response_text(output, using))
    said = {
        entry: {test: {step: text(output) for step, output in cell.items()} for test, cell in tests.items()}
        for entry, tests in found.items()
    }
    universe, pairs = {test for tests in found.values() for test in tests}, []
    for left, right in combinations(sorted(found, key=str.encode), 2):
        both = found[left].keys() & found[right].keys()
        equal, alike = sum(said[left][test] == said[right][test] for test in both), None
        if both and measure in ("AGREEMENT", "JACCARD"):
            alike = (agreement if measure == "AGREEMENT" else jaccard)(said[left], said[right], both)
        elif both:
            alike = mean(edit if measure == "EDIT" else longer, found[left], found[right], both)
        pairs.append((left, right, alike, len(both), equal, len(universe) - len(both)))
    return pairs


@pytest.fixture(scope="module")
def lake(python_data: Connection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """The lakehouse, with a user-defined measure."""
    with installed(tmp_path_factory.mktemp("rule"), "rule", MEASURE, {"rule": {"measure.longer": "rule:longer"}}):
        FORKING.close()  # engine processes load measures when they are started
        yield python_data
    FORKING.close()


@pytest.mark.parametrize(("measure", "runs", "using"), CASES)
def test_similarity_of_every_pair(
    lake: Connection, observed: dict[tuple[str, str], Observed], measure: str, runs: str, using: Using
) -> None:
    where, each = (runs, "") if runs.startswith("WHERE") else ("", runs)
    for (data_set, problem), rows in observed.items():
        found = lake.query(f'SIMILARITY {measure} FROM {data_set}."{problem}" {where} USING {using.base} {each}')
        pairs = counted(measure, behaviours(rows, runs), using)
        names = ("left_id", "right_id", "n_common", "n_equal", "n_missing")
        assert list(zip(*(found[name].to_pylist() for name in names), strict=True)) == [p[:2] + p[3:] for p in pairs]
        rounded = 0 if measure in ("AGREEMENT", "JACCARD") else 1e-12
        expected = pytest.approx([pair[2] for pair in pairs], rel=rounded, abs=rounded)
        assert found["similarity"].to_pylist() == expected


def test_an_unknown_measure(lake: Connection) -> None:
    with pytest.raises(UnknownName) as raised:
        lake.query("SIMILARITY longest FROM MBPP")
    assert str(raised.value).startswith("line 1, column 12: unknown measure longest")
    assert str(raised.value).endswith("hint: did you mean longer?")
