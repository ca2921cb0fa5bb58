"""Columns that an ingest adds."""

import decimal
import threading
import uuid
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.types import NestedField

from lakehouse.warehouse import Warehouse, open_warehouse
from srcql.errors import InvalidData
from tests.lakehouse.conftest import observations

NOON = datetime(2030, 1, 1, 12)
COLUMNS = {
    "boolean": pa.array([True]),
    "int": pa.array([1], pa.uint16()),
    "long": pa.array([1]),
    "unsigned": pa.array([2**32 - 1], pa.uint32()),
    "float": pa.array([0.5], pa.float32()),
    "double": pa.array([0.5]),
    "decimal": pa.array([decimal.Decimal("1.50")]),
    "date": pa.array([date(2030, 1, 1)]),
    "time": pa.array([time(12, 0, 0, 5)]),
    "timestamp": pa.array([NOON], pa.timestamp("ns")),
    "timestamptz": pa.array([NOON.replace(tzinfo=UTC)], pa.timestamp("s", "Europe/Berlin")),
    "string": pa.array(["x"]).dictionary_encode(),
    "uuid": pa.array([uuid.UUID(int=7).bytes], pa.uuid()),
    "fixed": pa.array([b"abcd"], pa.binary(4)),
    "binary": pa.array([b"\xff"], pa.large_binary()),
    "list": pa.array([["x", None]]),
    "struct": pa.array([{"a": 1, "b": ["y"]}]),
    "map": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
}
STORED = {
    "boolean": ("boolean", True),
    "int": ("int", 1),
    "long": ("long", 1),
    "unsigned": ("long", 2**32 - 1),
    "float": ("float", 0.5),
    "double": ("double", 0.5),
    "decimal": ("decimal(3, 2)", decimal.Decimal("1.50")),
    "date": ("date", date(2030, 1, 1)),
    "time": ("time", time(12, 0, 0, 5)),
    "timestamp": ("timestamp", NOON),
    "timestamptz": ("timestamptz", NOON.replace(tzinfo=UTC)),
    "string": ("string", "x"),
    "uuid": ("uuid", uuid.UUID(int=7)),
    "fixed": ("fixed[4]", b"abcd"),
    "binary": ("binary", b"\xff"),
    "list": ("list<string>", ["x", None]),
    "map": ("map<string, long>", [("k", 1)]),
}


def with_columns(rows: pa.Table, **columns: Any) -> pa.Table:
    for name, values in columns.items():
        rows = rows.append_column(name, values if isinstance(values, pa.Array) else pa.array(values))
    return rows


def field(warehouse: Warehouse, name: str) -> NestedField:
    return warehouse.table("observations").schema().find_field(name)


def test_adds_columns_of_all_types(warehouse: Warehouse) -> None:
    added = {f"my_{name}": values for name, values in COLUMNS.items()}
    rows = with_columns(observations(("p", "i", "t", 0, "1")), **added)
    for run in ("r", "s"):
        warehouse.ingest("observations", rows.set_column(6, "run_id", pa.array([run])), evolve=True)
    warehouse.ingest("observations", observations(("p", "i", "t", 0, "1"), run_id="without"))
    table = warehouse.table("observations").scan().to_arrow().sort_by("run_id")
    row, _, without = table.to_pylist()
    assert {without[name] for name in added} == {None}
    found = {name: (str(field(warehouse, f"my_{name}").field_type), row[f"my_{name}"]) for name in STORED}
    assert found == STORED
    assert row["my_struct"] == {"a": 1, "b": ["y"]}
    assert not any(field(warehouse, name).required for name in added)


def test_earlier_rows_are_null_in_a_new_column(warehouse: Warehouse) -> None:
    rows = observations(("p", "i", "t", 0, "1"))
    warehouse.ingest("observations", rows)
    newer = with_columns(observations(("p", "i", "t", 0, "1"), run_id="s"), region=["eu"])
    warehouse.ingest("observations", newer, evolve=True)
    warehouse.ingest("observations", observations(("p", "i", "t", 0, "1"), run_id="u"))
    table = warehouse.table("observations").scan().to_arrow()
    assert dict(zip(table["run_id"].to_pylist(), table["region"].to_pylist(), strict=True)) == {
        "r": None,
        "s": "eu",
        "u": None,
    }


def test_an_invalid_row_adds_no_column(warehouse: Warehouse) -> None:
    rows = with_columns(observations(("p", "i", "t", 0, "1"), ("p", "i", "t", 0, "2")), region=["eu", "eu"])
    with pytest.raises(InvalidData):
        warehouse.ingest("observations", rows, evolve=True)
    assert "region" not in warehouse.table("observations").schema().column_names


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            pa.field("x", pa.duration("s")),
            "observations.x: expected a type that Iceberg supports, found duration[s]\n"
            "  hint: send a number, and say its unit in the name of the column",
        ),
        (
            pa.field("x", pa.null()),
            "observations.x: expected a type that Iceberg supports, found null\n"
            "  hint: cast the column to the type of its later values",
        ),
        (
            pa.field("a.b", pa.string()),
            "observations: a new column cannot be named 'a.b'\n  hint: use another name of letters, digits and _",
        ),
        (
            pa.field("Kind", pa.string()),
            "observations: a new column cannot be named 'Kind'\n  hint: use another name of letters, digits and _",
        ),
        (
            pa.field("__x", pa.string()),
            "observations: a new column cannot be named '__x'\n  hint: use another name of letters, digits and _",
        ),
    ],
)
def test_rejects_unsupported_columns(warehouse: Warehouse, column: Any, message: str) -> None:
    rows = observations(("p", "i", "t", 0, "1")).append_column(column, pa.nulls(1, column.type))
    with pytest.raises(InvalidData) as error:
        warehouse.ingest("observations", rows, evolve=True)
    assert str(error.value) == message


def test_rejects_another_type_later(warehouse: Warehouse) -> None:
    rows = observations(("p", "i", "t", 0, "1"))
    warehouse.ingest("observations", with_columns(rows, shard=[1]), evolve=True)
    with pytest.raises(InvalidData) as error:
        warehouse.ingest("observations", with_columns(rows, shard=["one"]), evolve=True)
    assert str(error.value) == (
        "observations.shard, row 0: expected a whole number, found 'one' of type string\n"
        "  hint: cast the column to int64 first"
    )


def test_two_writers_add_the_same_column(tmp_path: Path) -> None:
    start = threading.Barrier(2)
    failures: list[BaseException] = []

    def write(run: str) -> None:
        try:
            with open_warehouse(tmp_path) as warehouse:
                for at in range(4):
                    rows = observations(("p", "i", "t", 0, "1"), run_id=f"{run}{at}")
                    start.wait(30)
                    warehouse.ingest("observations", with_columns(rows, **{f"extra_{at}": [run]}), evolve=True)
        except BaseException as error:
            failures.append(error)
            start.abort()

    writers = [threading.Thread(target=write, args=(run,)) for run in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    with open_warehouse(tmp_path) as warehouse:
        table = warehouse.table("observations").scan().to_arrow()
    assert [sorted(filter(None, table[f"extra_{at}"].to_pylist())) for at in range(4)] == [["a", "b"]] * 4


def test_two_writers_add_names_that_differ_by_case(warehouse: Warehouse) -> None:
    rows = observations(("p", "i", "t", 0, "1"))

    def batches() -> Any:
        warehouse.ingest("observations", with_columns(rows, Region=["us"]), evolve=True)
        yield from with_columns(observations(("p", "i", "t", 0, "1"), run_id="s"), region=["eu"]).to_batches()

    schema = with_columns(rows, region=["eu"]).schema
    with pytest.raises(InvalidData) as error:
        warehouse.ingest("observations", pa.RecordBatchReader.from_batches(schema, batches()), evolve=True)
    assert str(error.value) == "observations: unknown column region\n  hint: did you mean Region?"
    assert warehouse.table("observations").scan().to_arrow()["Region"].to_pylist() == ["us"]


def test_a_table_has_at_most_500_columns(warehouse: Warehouse) -> None:
    base = len(warehouse.table("observations").schema().field_ids)
    rows = observations(("p", "i", "t", 0, "1"))
    parts = {f"part_{at}": at for at in range(400)}
    assert warehouse.ingest("observations", with_columns(rows, wide=[parts]), evolve=True).rows == 1
    more = {f"more_{at}": [at] for at in range(100 - base)}
    with pytest.raises(InvalidData) as error:
        warehouse.ingest("observations", with_columns(rows, **more), evolve=True)
    assert str(error.value) == (
        "observations: expected at most 500 columns and fields of structs, found 501\n"
        "  hint: keep names that vary in one column: a map from text to text, or JSON"
    )
    more.popitem()
    rows = with_columns(observations(("p", "i", "t", 0, "1"), run_id="s"), **more)
    assert warehouse.ingest("observations", rows, evolve=True).rows == 1
