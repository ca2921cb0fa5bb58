"""MATRIX: its columns depend on the snapshot and on the parameters, so a query runs while it is compiled."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from lakehouse.engine import Engine
from lakehouse.warehouse import open_warehouse
from srcql.errors import ExecutionError, Forbidden, InvalidQuery, TimedOut

KEYS = ["data_set_id", "problem_id", "test_id", "step_id"]


def rows(implementations: str) -> pa.Table:
    one = {"data_set_id": "D", "problem_id": "p", "test_id": "t", "run_id": "r", "step_id": 0}
    return pa.Table.from_pylist([{**one, "implementation_id": name, "output": name} for name in implementations])


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with open_warehouse(tmp_path / "warehouse") as warehouse, Engine(warehouse) as engine:
        warehouse.ingest("observations", rows("abc"), "first")
        yield engine


def names(table: pa.Table) -> list[str]:
    return [name for name in table.schema.names if name not in KEYS]


def test_columns_follow_the_parameters(engine: Engine) -> None:
    statement = engine.prepare("MATRIX FROM D WHERE implementation_id >= ? AND problem_id = ? WITH SPECIFIED")
    assert statement.parameters == 2
    assert statement.schema.names == KEYS
    assert statement.describe(["b", "p"]).names == [*KEYS, "b", "c"]
    assert statement.execute(["b", "p"]).reader().read_all().to_pylist() == [
        {"data_set_id": "D", "problem_id": "p", "test_id": "t", "step_id": 0, "b": "b", "c": "c"}
    ]
    assert names(statement.execute(["c", "p"]).reader().read_all()) == ["c"]


def test_columns_are_those_of_the_snapshot(engine: Engine) -> None:
    statement = engine.prepare("MATRIX FROM D")
    before = engine.planner.snapshot().ids["observations"]
    engine.warehouse.ingest("observations", rows("d"), "second")
    assert names(statement.execute().reader().read_all()) == ["a", "b", "c"]
    assert names(engine.query("MATRIX FROM D").read_all()) == ["a", "b", "c", "d"]
    assert names(engine.query(f"MATRIX FROM D AT (VERSION => {before})").read_all()) == ["a", "b", "c"]


def test_a_matrix_in_a_larger_query(engine: Engine) -> None:
    text = (
        "WITH o AS (FROM observations WHERE output < ?) SELECT m.*, ? AS n FROM (MATRIX FROM (FROM o)) AS m WHERE b = ?"
    )
    assert engine.query(text, ["c", 7, "b"]).read_all().to_pylist()[0] == {
        **dict(zip(KEYS, ("D", "p", "t", 0), strict=True)),
        "a": "a",
        "b": "b",
        "n": 7,
    }


def test_a_query_at_compile_time_obeys_the_sandbox(engine: Engine) -> None:
    with pytest.raises(Forbidden) as raised:
        engine.prepare("MATRIX FROM D WHERE output = (SELECT content FROM read_text('secret'))")
    assert (raised.value.line, raised.value.column) == (1, 51)


def test_a_query_at_compile_time_has_a_time_limit(engine: Engine) -> None:
    with Engine(engine.warehouse, compile_seconds=0.2) as limited:
        keys = "'D' AS data_set_id, 'p' AS problem_id, 'a' AS implementation_id, 't' AS test_id, 0 AS step_id"
        endless = f"SELECT {keys}, CAST(sum(hash(a.range, b.range)) AS VARCHAR) AS output"
        with pytest.raises(TimedOut, match=r"compiling the query took longer than 0\.2 seconds"):
            limited.query(f"MATRIX FROM ({endless} FROM range(10000000) AS a, range(10000000) AS b)")
        assert names(limited.query("MATRIX FROM D").read_all()) == ["a", "b", "c"]


def test_rows_that_change_between_reads_are_compiled_each_time(engine: Engine) -> None:
    text = "MATRIX FROM (SELECT * FROM observations ORDER BY random() LIMIT 1)"
    found = set()
    for _ in range(40):
        with suppress(ExecutionError):
            (row,) = engine.query(text).read_all().to_pylist()
            assert None not in row.values()
            found.add(tuple(set(row) - set(KEYS)))
    assert len(found) > 1


def test_too_many_parameters(engine: Engine) -> None:
    with pytest.raises(InvalidQuery, match="expected 1 parameter, found 2"):
        engine.query("MATRIX FROM D WHERE output = ?", ["a", "b"])
