"""The demo runs what it says it runs."""

import sys
from pathlib import Path

import pytest

import srcql_client
from srcql_client.demo import observe
from srcql_client.demo.problem import Call, Problem
from srcql_client.demo.problems import PROBLEMS

from .shell import srcql


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "w"


@pytest.fixture(scope="module")
def shown(warehouse: Path) -> str:
    found = srcql("demo", "--warehouse", warehouse, COLUMNS="160")
    assert (found.stderr, found.returncode) == ("", 0)
    return found.stdout


def test_the_demo_is_for_newcomers(shown: str) -> None:
    assert "3 problems, 20 implementations, 36 tests, twice" in shown
    assert "[half_a_heap, sort_and_take_middle, standard_library]" in shown
    assert "median_of_a_sample" in shown.partition("agree with itself?")[2]
    assert "srcql query" in shown


@pytest.mark.usefixtures("shown")
def test_what_the_demo_keeps_can_be_asked(warehouse: Path) -> None:
    with srcql_client.connect(warehouse) as lakehouse:
        clusters = lakehouse.query("SELECT problem_id, size, implementations FROM (CLUSTER FROM demo)").to_pylist()
        sliced = "FROM (SLICE FROM demo WITH CODE WITH TESTS)"
        bare = lakehouse.query(f"{sliced} WHERE source_code IS NULL OR test_source IS NULL")
        hashes = lakehouse.query("FROM observations ANTI JOIN code_implementations ON implementation_hash = code_hash")
    assert {(row["problem_id"], *row["implementations"]) for row in clusters if row["size"] > 1} == {
        ("median", "half_a_heap", "sort_and_take_middle", "standard_library"),
        ("roman", "backwards", "look_ahead", "spell_out"),
        ("lru_cache", "ClockCache", "OrderedCache", "PlainDictCache"),
    }
    assert sum(row["size"] == 1 for row in clusters) == 11
    assert (bare.num_rows, hashes.num_rows) == (0, 0)


@pytest.mark.usefixtures("shown")
def test_the_demo_again_keeps_both_runs(warehouse: Path) -> None:
    assert srcql("demo", "--warehouse", warehouse).returncode == 0
    with srcql_client.connect(warehouse) as lakehouse:
        assert lakehouse.status().data_sets[0].runs == 4


def test_the_problems_are_many_sided() -> None:
    assert len(PROBLEMS) >= 3
    assert all(len(problem.implementations) >= 6 for problem in PROBLEMS)
    assert any(len(calls) > 2 for problem in PROBLEMS for calls in problem.tests.values())


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: str(problem.problem_id))
def test_all_but_the_flaky_answer_alike_every_time(problem: Problem) -> None:
    first, second = (observe.observations(problem, "demo", "r").to_pylist() for _ in range(2))
    differing = {
        before["implementation_id"]
        for before, after in zip(first, second, strict=True)
        if before["output"] != after["output"]
    }
    assert differing == ({"median_of_a_sample"} if problem.problem_id == "median" else set())


def test_a_test_goes_on_after_an_exception() -> None:
    class Fragile:
        def __init__(self) -> None:
            self.items: list[int] = []

        def push(self, item: int) -> None:
            self.items.append(item)

        def pop(self) -> int:
            return self.items.pop()

    calls = (Call("create", ()), Call("pop", ()), Call("push", (1,)), Call("pop", ()), Call("peek", ()))
    found = observe.observations(Problem("p", "", (Fragile,), {"t": calls}), "d", "r")
    assert found["output"].to_pylist() == [
        "$CUT@Problem@0",
        "$EXCEPTION@IndexError@pop from empty list",
        "null",
        "1",
        "$EXCEPTION@TypeError@'NoneType' object is not callable",
    ]
    assert found["step_id"].to_pylist() == [0, 1, 2, 3, 4]
    assert found["inputs"].to_pylist() == ["[]", "[]", "[1]", "[]", "[]"]


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("no folder")
    found = srcql("demo", "--warehouse", tmp_path / "w")
    assert found.returncode == 1
    assert found.stderr.strip()
    assert "Traceback" not in found.stderr
    assert sys.executable not in found.stderr
