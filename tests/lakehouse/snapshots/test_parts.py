"""Parts of a long statement, statements on earlier snapshots, and those that read verbs under another equality."""

import threading
import time
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from lakehouse.engine import Engine
from lakehouse.maintenance import Retention
from lakehouse.query.deadline import client_cancelled
from lakehouse.snapshots.parts import Part, parts_of
from lakehouse.warehouse import Warehouse, open_warehouse
from srcql.clauses.equality import CANONICAL, Equality
from srcql.errors import Cancelled, UnknownName
from tests.lakehouse.conftest import observations

PROBLEMS = ("B", "a", "b", "c", "é", "漢", "o'clock")
SLICES = (
    "SLICE FROM *",
    "slice * from D",
    "SLICE FROM D, E WHERE output <> '1' RUNS EACH WITH CODE WITH TESTS WITH SPECIFIED",
    "SLICE problem_id FROM E.a, D BY run_id USING EXACT MISSING DROP TESTS",
    "SLICE FROM D WHERE problem_id IN ('a', 'b', 'c')",
)


@pytest.fixture
def filled(warehouse: Warehouse, engine: Engine) -> Engine:
    for data_set in ("D", "E"):
        for run in ("r1", "r2"):
            rows = [
                (problem, name, test, 0, f"{len(name + test)}")
                for problem in PROBLEMS
                for name in ("x", "yy")
                for test in ("t", "tt")
            ]
            warehouse.ingest("observations", observations(*rows, data_set_id=data_set, run_id=run))
    code = {"data_set_id": ["D"], "problem_id": ["a"], "implementation_id": ["x"], "source_code": ["code"]}
    warehouse.ingest("code_implementations", pa.table(code))
    return engine


def test_the_parts_of_a_slice_are_its_rows_in_its_order(filled: Engine) -> None:
    for text in SLICES:
        whole = filled.query(text).read_all()
        for size in (1, 17):
            parts = parts_of(filled.planner.snapshot(), filled.prepare(text).partitionable, size, 99)
            tables = [filled.prepare(text, part=part).execute().reader().read_all() for part in parts]
            assert len(tables) > 1
            assert pa.concat_tables(tables).equals(whole)


@pytest.mark.parametrize(
    "text",
    [
        "SLICE FROM * LIMIT 3",
        "SLICE FROM * ORDER BY output",
        "SLICE FROM (FROM observations)",
        "SELECT * FROM (SLICE FROM *)",
        "SLICE FROM D UNION ALL SLICE FROM E",
        "WITH c AS (SLICE FROM *) FROM c",
        "CLUSTER FROM *",
        "SELECT * FROM observations",
        "SLICE FROM D.a",
    ],
)
def test_statements_that_cannot_be_split(filled: Engine, text: str) -> None:
    assert parts_of(filled.planner.snapshot(), filled.prepare(text).partitionable, 1, 99) == []


def test_parts_grow_with_the_number_of_rows(filled: Engine) -> None:
    assert len(parts_of(filled.planner.snapshot(), filled.prepare("SLICE FROM *").partitionable, 1, 2)) == 2


def test_few_rows_are_one_part(filled: Engine) -> None:
    assert parts_of(filled.planner.snapshot(), filled.prepare("SLICE FROM *").partitionable, 1_000_000, 99) == []


def test_a_part_opens_only_files_that_may_hold_its_problems(filled: Engine) -> None:
    part = Part(("D", "a"), ("D", "b"))
    assert {file.data_set_id for file in filled.prepare("SLICE FROM *", part=part).files} == {"D"}


def test_a_part_of_a_past_snapshot(warehouse: Warehouse, filled: Engine) -> None:
    text = f"SLICE FROM * AT (VERSION => {filled.planner.snapshot().ids['observations']})"
    before = filled.query(text).read_all()
    warehouse.ingest("observations", observations(("a", "z", "t", 0, "9")))
    parts = parts_of(filled.planner.snapshot(), filled.prepare(text).partitionable, 20, 99)
    tables = [filled.prepare(text, part=part).execute().reader().read_all() for part in parts]
    assert pa.concat_tables(tables).equals(before)


def test_a_statement_reads_the_given_snapshots(warehouse: Warehouse, filled: Engine) -> None:
    ids = tuple(filled.planner.snapshot().ids.values())
    text = "SELECT count(*) AS n FROM observations"
    warehouse.ingest("observations", observations(("new", "z", "t", 0, "9")))
    with Engine(warehouse) as other:  # which has not seen that snapshot when it was the last
        for engine in (filled, other):
            assert engine.prepare(text, ids=ids).execute().reader().read_all()["n"].to_pylist() == [112]
            assert engine.query(text).read_all()["n"].to_pylist() == [113]


def test_a_held_snapshot_outlives_its_retention(tmp_path: Path) -> None:
    none = timedelta(0)
    keep = Retention(none, max_recent=1, keep_hourly_for=none, keep_daily_for=none, expire_at_least=1)
    with open_warehouse(tmp_path / "short", retention=keep) as warehouse, Engine(warehouse) as engine:
        warehouse.ingest("observations", observations(("a", "z", "t", 0, "9")))
        held = tuple(engine.planner.snapshot().ids.values())
        engine.planner.hold(held, time.time() + 600)
        for name in "bcd":
            warehouse.ingest("observations", observations((name, "z", "t", 0, "9")))
        rows = engine.prepare("SELECT count(*) AS n FROM observations", ids=held).execute().reader().read_all()
        assert rows["n"].to_pylist() == [1]
        with Engine(warehouse) as other, pytest.raises(UnknownName, match="unknown or expired snapshot"):
            other.prepare("SELECT 1", ids=held)


def test_tables_are_empty_before_their_first_commit(warehouse: Warehouse, engine: Engine) -> None:
    ids = tuple(engine.planner.snapshot().ids.values())
    warehouse.ingest("observations", observations(("a", "z", "t", 0, "9")))
    with Engine(warehouse) as other:
        found = other.prepare("SELECT count(*) AS n FROM observations", ids=ids).execute().reader().read_all()
    assert found["n"].to_pylist() == [0]


def test_unknown_snapshot(filled: Engine) -> None:
    with pytest.raises(UnknownName, match="unknown or expired snapshot 7 of tests"):
        filled.prepare("SELECT 1", ids=(None, 7, None))


def test_verbs_without_using_are_read_under_the_given_equality(warehouse: Warehouse, engine: Engine) -> None:
    rows = [("a", name, "t", 0, output) for name, output in zip("xyz", ("1", "1.0", "2"), strict=True)]
    warehouse.ingest("observations", observations(*rows))
    exact = Equality(exact=True)

    def clusters(text: str, equality: Equality) -> int:
        return len(engine.prepare(text, equality=equality).execute().reader().read_all())

    for text, under_canonical, under_exact in (
        ("CLUSTER FROM D", 2, 3),
        ("SELECT * FROM (CLUSTER FROM D)", 2, 3),
        ("CLUSTER FROM D USING CANONICAL", 2, 2),
        ("CLUSTER FROM D USING EXACT", 3, 3),
        ("FROM clusters", 2, 2),
    ):
        assert (clusters(text, CANONICAL), clusters(text, exact)) == (under_canonical, under_exact)


def test_planning_ends_when_the_client_has_left(filled: Engine) -> None:
    """Planning a MATRIX runs a query for its columns; this one would take hours."""
    text = "MATRIX FROM (SELECT o.* FROM observations AS o, range(1000000000000) AS r WHERE hash(r.range) = 7)"
    gone = threading.Event()
    asked = threading.Thread(target=gone.set)
    token = client_cancelled.set(gone.is_set)
    asked.start()
    try:
        with pytest.raises(Cancelled, match="cancelled"):
            filled.prepare(text)
    finally:
        client_cancelled.reset(token)
        asked.join()
