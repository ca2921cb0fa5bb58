"""FLAKY, DISCRIMINATE and MINIMIZE on real observations."""

import math
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from srcql_client import Connection

COLUMNS = ["problem_id", "implementation_id", "test_id", "step_id", "output", "specified_oracle", "run_id"]


def test_every_flaky_step_of_two_runs(python_data: Connection, python_facts: dict[str, Any]) -> None:
    expected = {(problem, *step) for problem, facts in python_facts.items() for step in map(tuple, facts["flaky"])}
    rows = python_data.query("FLAKY FROM * USING EXACT").to_pylist()
    steps = [(row["problem_id"], row["implementation_id"], row["test_id"], row["step_id"]) for row in rows]
    assert len(steps) == len(expected) == 352
    assert set(steps) == expected
    assert len({step[:3] for step in steps}) == 330
    assert len({step[0] for step in steps}) == 11
    assert {(row["n_runs"], row["n_distinct"], row["flake_rate"], row["flip_rate"]) for row in rows} == {(2, 2, 0.5, 1)}


def test_the_cells_that_are_not_stable_have_flaky_steps(python_data: Connection) -> None:
    cells, problem = "SELECT DISTINCT problem_id, implementation_id, test_id FROM", "ClassEval.ClassEval_36_EmailClient"
    flaky = f"{cells} (FLAKY FROM {problem} WITHIN IMPLEMENTATION)"
    stable = f"{cells} (SLICE FROM {problem} RUNS STABLE) WHERE kind = 'FLAKY'"
    count = "SELECT count(*) AS cells FROM"
    assert python_data.query(f"({flaky}) EXCEPT ({stable})").num_rows == 0
    assert python_data.query(f"({stable}) EXCEPT ({flaky})").num_rows == 0
    assert python_data.query(f"{count} ({flaky})").to_pylist()[0]["cells"] == 4


@pytest.mark.parametrize("problem", ["HumanEval_100_make_a_pile", "HumanEval_119_match_parens"])
def test_discriminate_agrees_with_plain_python(python_data: Connection, python_folder: Path, problem: str) -> None:
    filters = [("problem_id", "=", problem), ("specified_oracle", "=", False), ("run_id", "=", "run-0001")]
    cells: dict[str, dict[str, dict[int, Any]]] = defaultdict(lambda: defaultdict(dict))
    for row in pq.read_table(python_folder / "observations.parquet", columns=COLUMNS, filters=filters).to_pylist():
        cells[row["test_id"]][row["implementation_id"]][row["step_id"]] = row["output"]
    everyone = {name for answers in cells.values() for name in answers}
    text = f"DISCRIMINATE FROM HumanEval.{problem} WHERE run_id = 'run-0001' USING EXACT"
    found = python_data.query(text).to_pylist()
    assert [row["test_id"] for row in found] == sorted(cells)
    for row in found:
        answers, n = cells[row["test_id"]], len(everyone)
        sizes = Counter(tuple(sorted(answers.get(name, {}).items())) for name in everyone).values()
        steps = {step for steps in answers.values() for step in steps}
        splits = [step for step in steps if len({answers.get(name, {}).get(step, ()) for name in everyone}) > 1]
        assert row["n_distinct"] == len(sizes)
        assert row["power"] == sum(size * (n - size) for size in sizes) / 2 / math.comb(n, 2)
        assert row["entropy"] == pytest.approx(sum(size / n * math.log(n / size) for size in sizes), abs=1e-12)
        assert row["first_split_step"] == min(splits, default=None)
        assert row["n_missing"] == n - len(answers)


KEPT = "(data_set_id, problem_id, test_id) IN (SELECT (data_set_id, problem_id, test_id) FROM ({}))"
CLUSTERS = "SELECT problem_id, implementations FROM (CLUSTER FROM {} {} USING EXACT) ORDER BY ALL"


def test_minimize_keeps_every_cluster_of_a_lasso_export(x: Connection) -> None:
    minimal = "MINIMIZE FROM HumanEval USING EXACT"
    every = x.query(CLUSTERS.format("HumanEval", ""))
    assert every.num_rows == 1431
    assert x.query(CLUSTERS.format("HumanEval", f"WHERE {KEPT.format(minimal)}")) == every
    tests = x.query(minimal).to_pylist()
    assert {row["problem_id"]: row["classes"] for row in tests} == Counter(every["problem_id"].to_pylist())
    triangle = [tuple(row.values())[2:] for row in tests if row["problem_id"] == "HumanEval_71_triangle_area"]
    assert triangle == [(1, "test1()", 8, 2), (2, "test0()", 0, 2)]
    print(f"{len(tests)} of 1,994 tests keep all 1,431 clusters")
    assert len(tests) < 1994


def test_minimize_loses_no_problem_of_python_programs(python_data: Connection) -> None:
    (sets,) = python_data.query("SELECT list(DISTINCT data_set_id ORDER BY data_set_id) AS sets FROM problems")["sets"]
    alike = 0
    for data_set in sets.as_py():
        minimal = f"MINIMIZE FROM {data_set} USING EXACT"
        every = python_data.query(CLUSTERS.format(data_set, ""))
        assert python_data.query(CLUSTERS.format(data_set, f"WHERE {KEPT.format(minimal)}")) == every
        alike += sum(clusters == 1 for clusters in Counter(every["problem_id"].to_pylist()).values())
    assert alike > 0
