from pathlib import Path

import pytest

from lakehouse.engine import Engine
from lakehouse.snapshots.columns import duckdb_type
from lakehouse.snapshots.planner import Planner
from lakehouse.warehouse import Warehouse, open_warehouse
from srcql.clauses.cube import Name, Selection, Target
from srcql.errors import StoreError, UnknownName
from srcql.resolver import Choice
from tests.lakehouse.conftest import observations

PREFIX = "a_problem_whose_name_begins_as_all_the_others_do_"
ALL = Selection(None, None, None)


def one(problem: str, data_set: str = "D") -> Selection:
    return Selection((Target(Name(data_set, (0, 1)), Name(problem, (2, 3))),), None, None)


def fill(warehouse: Warehouse) -> list[str]:
    """Twenty commits, each of two problems far apart: their ranges overlap, their contents do not."""
    problems = [f"{PREFIX}{number:02}" for number in range(40)]
    for first, second in zip(problems[:20], problems[20:], strict=True):
        warehouse.ingest("observations", observations((first, "i", "t", 0, "1"), (second, "i", "t", 0, "2")))
    return problems


def test_a_plan_for_one_problem_opens_only_files_that_hold_it(warehouse: Warehouse, engine: Engine) -> None:
    problems = fill(warehouse)
    snapshot = Planner(warehouse).snapshot()
    everything = snapshot.files("observations", ALL)
    assert len(everything) == 20
    plan = {problem: snapshot.files("observations", one(problem)) for problem in problems}
    assert {len(files) for files in plan.values()} == {1}
    query = f"CLUSTER FROM D.{problems[7]}"
    before = engine.query(query).read_all()
    for file in set(everything) - set(plan[problems[7]]):
        Path(file.path.removeprefix("file://")).unlink()
    assert engine.query(query).read_all() == before
    assert before.num_rows == 1


def test_conditions_prune_as_names_do(warehouse: Warehouse) -> None:
    problems = fill(warehouse)
    snapshot = Planner(warehouse).snapshot()
    wanted = frozenset({problems[3], problems[23], problems[4], "unknown"})
    assert len(snapshot.files("observations", Selection(None, None, wanted))) == 2
    assert snapshot.files("observations", Selection(None, frozenset({"other"}), None)) == []
    assert len(snapshot.files("observations", Selection(None, frozenset({"D"}), None))) == 20
    both = Selection(one(problems[3]).targets, None, frozenset({problems[4]}))
    assert snapshot.files("observations", both) == []


def test_a_commit_of_another_process_is_seen(warehouse: Warehouse) -> None:
    planner = Planner(warehouse)
    first = planner.snapshot()
    assert first.ids == {"observations": None, "tests": None, "code_implementations": None}
    assert planner.snapshot() is first
    with open_warehouse(warehouse.location) as other:
        receipt = other.ingest("observations", observations(("p", "i", "t", 0, "1")))
    second = planner.snapshot()
    assert second.ids["observations"] == receipt.snapshot_id
    assert (len(first.files("observations", ALL)), len(second.files("observations", ALL))) == (0, 1)


def test_unknown_names_suggest_existing_ones(warehouse: Warehouse) -> None:
    snapshot = Planner(warehouse).snapshot()
    with pytest.raises(UnknownName, match="there are no data sets yet"):
        snapshot.check_names(one("p"))
    warehouse.ingest("observations", observations(("mbpp_798__sum", "i", "t", 0, "1")))
    snapshot = Planner(warehouse).snapshot()
    with pytest.raises(UnknownName, match=r"did you mean mbpp_798__sum\?"):
        snapshot.check_names(one("mbpp_798_sum"))
    with pytest.raises(UnknownName, match=r"did you mean D\?"):
        snapshot.check_names(one("mbpp_798__sum", "d"))
    snapshot.check_names(one("mbpp_798__sum"))


def test_choice_of_runs(warehouse: Warehouse) -> None:
    def choice(problem: str) -> Choice:
        return Planner(warehouse).snapshot().choice(one(problem))

    warehouse.ingest("observations", observations(("p", "i", "t", 0, "1"), ("q", "i", "t", 0, "1")))
    warehouse.ingest("observations", observations(("p", "j", "t", 0, "1")))
    assert choice("p") is Choice.NOTHING
    warehouse.ingest("observations", observations(("q", "i", "t", 0, "1"), run_id="s"))
    assert choice("q") is Choice.RUNS
    warehouse.ingest("observations", observations(("p", "j", "u", 0, "1")))
    assert (choice("p"), choice("q")) == (Choice.ROWS, Choice.RUNS)
    warehouse.ingest("observations", observations(("q", "i", "t", 0, "1"), run_id="s", environment_id="other"))
    assert choice("q") is Choice.ROWS
    assert Planner(warehouse).snapshot().choice(Selection(None, frozenset(), None)) is Choice.NOTHING


def test_a_batch_in_several_files_leaves_no_choice(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lakehouse.write.chunks.CHUNK_ROWS", 2)
    rows = [("p", "i", f"t{number}", 0, "1") for number in range(6)]
    warehouse.ingest("observations", observations(*rows))
    snapshot = Planner(warehouse).snapshot()
    assert (len(snapshot.files("observations", ALL)), snapshot.choice(ALL)) == (3, Choice.NOTHING)
    commits = [["a"] * 3 + ["b"] * 3]
    warehouse.ingest("observations", observations(*rows, run_id="s").append_column("git_commit_hash", commits))
    assert Planner(warehouse).snapshot().choice(ALL) is Choice.ROWS


def test_a_file_of_another_writer_is_rejected(warehouse: Warehouse, engine: Engine) -> None:
    warehouse.ingest("observations", observations(("p", "i", "t", 0, "1")))
    table = warehouse.table("observations")
    table.append(table.scan().to_arrow())
    with pytest.raises(StoreError, match="was not written by this store"):
        engine.query("CLUSTER FROM D.p")


def test_a_missing_file_is_named(warehouse: Warehouse, engine: Engine) -> None:
    warehouse.ingest("observations", observations(("p", "i", "t", 0, "1")))
    (file,) = Planner(warehouse).snapshot().files("observations", ALL)
    Path(file.path.removeprefix("file://")).unlink()
    with pytest.raises(StoreError, match="is missing"):
        engine.query("CLUSTER FROM D.p")


def test_status_counts(warehouse: Warehouse) -> None:
    assert Planner(warehouse).snapshot().status().data_sets == ()
    warehouse.ingest("observations", observations(("p", "i", "t", 0, "1"), ("p", "j", "t", 0, "1")))
    warehouse.ingest("observations", observations(("p", "i", "t", 0, "1"), ("q", "i", "t", 0, "1"), run_id="s"))
    status = Planner(warehouse).snapshot().status()
    (found,) = status.data_sets
    assert (found.data_set_id, found.problems, found.implementations, found.runs, found.rows) == ("D", 2, 3, 2, 4)
    assert (status.files, status.snapshots) == (2, 2)
    assert status.bytes > 0


def test_types_of_added_columns() -> None:
    from pyiceberg.types import FixedType, TimestamptzType

    assert duckdb_type(TimestamptzType()) == "TIMESTAMP WITH TIME ZONE"
    assert duckdb_type(FixedType(4)) == "BLOB"
