"""The demo."""

import re
import sys
from itertools import takewhile
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


def test_the_demo_says_that_it_created_a_warehouse(shown: str, warehouse: Path) -> None:
    assert shown.count(f"created warehouse {warehouse}\n") == 1


def test_the_demo_is_for_newcomers(shown: str) -> None:
    assert "4 problems, 27 implementations, 44 tests, twice" in shown
    assert "[half_a_heap, sort_and_take_middle, standard_library]" in shown
    assert "median_of_a_sample" in shown.partition("are flaky?")[2]
    assert "srcql query" in shown


def test_the_demo_shows_the_matrix(shown: str) -> None:
    assert answer(shown, "respond to every test?")[:5] == [
        ["test_id", "bits", "century", "digits", "fourth", "gregorian", "library", "sheet"],
        ["year_1700", "true", "false", "true", "true", "false", "false", "null"],
        ["year_1800", "true", "false", "true", "true", "false", "false", "null"],
        ["year_1900", "true", "false", "true", "true", "false", "false", "true"],
        ["year_1996", "true", "true", "true", "true", "true", "true", "true"],
    ]


def test_the_demo_shows_ties_and_a_wrong_majority(shown: str) -> None:
    assert answer(shown, "vote fail?") == [
        ["test_id", "status", "votes", "total", "majority", "candidates", "specified"],
        ["year_1700", "TIE", "3", "7", "NULL", "[false, true]", "false"],
        ["year_1800", "TIE", "3", "7", "NULL", "[false, true]", "false"],
        ["year_1900", "MAJORITY", "4", "7", "true", "[true]", "false"],
    ]


def test_the_demo_travels_in_time(shown: str) -> None:
    assert answer(shown, "before the last batch?") == [
        ["problem_id", "alike_before", "alike_now"],
        ["leap_year", "7", "3"],
        ["lru_cache", "5", "3"],
        ["median", "4", "3"],
        ["roman", "5", "3"],
    ]


def answer(shown: str, question: str) -> list[list[str]]:
    """Return the header and the rows of the table after a title."""
    lines = [re.split(r" {2,}", line.strip()) for line in shown.partition(question)[2].splitlines()]
    rule = next(place for place, line in enumerate(lines) if line[0].startswith("──"))
    return [lines[rule - 1], *takewhile(lambda line: line != [""], lines[rule + 1 :])]


@pytest.mark.usefixtures("shown")
def test_the_warehouse_of_the_demo_can_be_queried(warehouse: Path) -> None:
    with srcql_client.connect(warehouse) as lakehouse:
        clusters = lakehouse.query("SELECT problem_id, size, implementations FROM (CLUSTER FROM demo)").to_pylist()
        sliced = "FROM (SLICE FROM demo WITH CODE WITH TESTS)"
        bare = lakehouse.query(f"{sliced} WHERE source_code IS NULL OR test_source IS NULL")
        observed = "FROM (FROM observations WHERE NOT specified_oracle)"
        hashes = lakehouse.query(f"{observed} ANTI JOIN code_implementations ON implementation_hash = code_hash")
    assert {(row["problem_id"], *row["implementations"]) for row in clusters if row["size"] > 1} == {
        ("median", "half_a_heap", "sort_and_take_middle", "standard_library"),
        ("roman", "backwards", "look_ahead", "spell_out"),
        ("lru_cache", "ClockCache", "OrderedCache", "PlainDictCache"),
        ("leap_year", "bits", "digits", "fourth"),
        ("leap_year", "gregorian", "library"),
    }
    assert sum(row["size"] == 1 for row in clusters) == 13
    assert (bare.num_rows, hashes.num_rows) == (0, 0)


@pytest.mark.usefixtures("shown")
def test_a_second_demo_adds_its_runs(warehouse: Path) -> None:
    assert srcql("demo", "--warehouse", warehouse).returncode == 0
    with srcql_client.connect(warehouse) as lakehouse:
        assert lakehouse.status().data_sets[0].runs == 4


def test_the_problems_have_several_implementations() -> None:
    assert len(PROBLEMS) >= 3
    assert all(len(problem.implementations) >= 6 for problem in PROBLEMS)
    assert any(len(calls) > 2 for problem in PROBLEMS for calls in problem.tests.values())


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: str(problem.problem_id))
def test_only_the_flaky_implementation_changes_its_responses(problem: Problem) -> None:
    first, second = (observe.observations(problem, "demo", "r").to_pylist() for _ in range(2))
    differing = {
        before["implementation_id"]
        for before, after in zip(first, second, strict=True)
        if before["output"] != after["output"]
    }
    assert differing == ({"median_of_a_sample"} if problem.problem_id == "median" else set())


def test_a_test_continues_after_an_exception() -> None:
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


def test_a_server_that_cannot_start_reports_its_error(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("no folder")
    found = srcql("demo", "--warehouse", tmp_path / "w")
    assert found.returncode == 1
    assert found.stderr.strip()
    assert "Traceback" not in found.stderr
    assert sys.executable not in found.stderr
