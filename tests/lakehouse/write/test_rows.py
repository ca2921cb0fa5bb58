"""Which columns and values the store accepts, converts and rejects."""

import decimal
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lakehouse.warehouse import Warehouse
from srcql.errors import InvalidData
from tests.lakehouse.conftest import observations

ROW = ("p", "i", "t", 0, "1")


def stored(warehouse: Warehouse, table: str = "observations") -> pa.Table:
    return warehouse.table(table).scan().to_arrow()


def replaced(rows: pa.Table, **columns: Any) -> pa.Table:
    for name, values in columns.items():
        array = values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values)
        position = rows.column_names.index(name) if name in rows.column_names else None
        rows = rows.append_column(name, array) if position is None else rows.set_column(position, name, array)
    return rows


def rejection(warehouse: Warehouse, rows: Any, evolve: bool = False) -> str:
    with pytest.raises(InvalidData) as error:
        warehouse.ingest("observations", rows, evolve=evolve)
    assert stored(warehouse).num_rows == 0
    return str(error.value)


def test_fills_missing_columns(warehouse: Warehouse) -> None:
    before = datetime.now(UTC).replace(tzinfo=None)
    warehouse.ingest("observations", observations(ROW))
    row = stored(warehouse).to_pylist()[0]
    assert before <= row.pop("created_at") <= datetime.now(UTC).replace(tzinfo=None)
    assert row == {
        "data_set_id": "D",
        "problem_id": "p",
        "implementation_id": "i",
        "test_id": "t",
        "implementation_hash": "",
        "test_hash": "",
        "run_id": "r",
        "environment_id": "unknown",
        "step_id": 0,
        "operation": None,
        "inputs": None,
        "output": "1",
        "execution_time_ms": None,
        "memory_used_mb": None,
        "branch_coverage_percent": None,
        "git_commit_hash": None,
        "ci_pipeline_id": None,
        "researcher_name": None,
        "specified_oracle": False,
        "response_kind": "VALUE",
        "response_key": -4900423523777951020,
    }


def test_fills_single_nulls(warehouse: Warehouse) -> None:
    rows = replaced(
        observations(ROW, ("p", "j", "t", 0, None)),
        environment_id=["ci", None],
        specified_oracle=pa.array([None, True]),
        created_at=pa.array([None, datetime(2030, 1, 1)]),
        implementation_hash=["h", None],
    )
    warehouse.ingest("observations", rows)
    first, second = stored(warehouse).to_pylist()
    assert (first["environment_id"], second["environment_id"]) == ("ci", "unknown")
    assert (first["specified_oracle"], second["specified_oracle"]) == (False, True)
    assert (first["implementation_hash"], second["implementation_hash"]) == ("h", "")
    assert second["created_at"] == datetime(2030, 1, 1)
    assert first["created_at"] is not None
    assert (second["output"], second["response_kind"]) == (None, "NA")


TEXTS = [
    pa.array(["a", "b", "a"]),
    pa.array(["a", "b", "a"], pa.large_string()),
    pa.array(["a", "b", "a"], pa.string_view()),
    pa.array(["a", "b", "a"]).dictionary_encode(),
    pa.array(["a", "b", "a"], pa.large_string()).dictionary_encode().cast(pa.dictionary(pa.uint8(), pa.large_string())),
    pa.chunked_array([["a", "b"], ["a"]]).dictionary_encode(),
    pa.DictionaryArray.from_arrays(pa.array([0, 1, 2]), pa.array(["a", "b", "a"])),
    pa.RunEndEncodedArray.from_arrays([1, 2, 3], pa.array(["a", "b", "a"])),
]


@pytest.mark.parametrize("texts", TEXTS, ids=lambda texts: str(texts.type))
def test_takes_text_of_any_width(warehouse: Warehouse, texts: Any) -> None:
    rows = replaced(observations(ROW, ("q", "i", "t", 0, "1"), ("r", "i", "t", 0, "1")), operation=texts, run_id=texts)
    warehouse.ingest("observations", rows)
    assert stored(warehouse)["operation"].to_pylist() == ["a", "b", "a"]
    assert stored(warehouse)["run_id"].to_pylist() == ["a", "b", "a"]


INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]


@pytest.mark.parametrize("type", INTEGERS)
def test_takes_steps_of_any_width(warehouse: Warehouse, type: str) -> None:
    rows = observations(ROW, ("p", "i", "t", 100, "1"))
    warehouse.ingest("observations", replaced(rows, step_id=pa.array([100, 0]).cast(type)))
    assert stored(warehouse)["step_id"].to_pylist() == [0, 100]


NOON = datetime(2030, 1, 1, 12)
TIMES = [
    pa.array([NOON], pa.timestamp("s")),
    pa.array([NOON], pa.timestamp("ns")),
    pa.array([NOON.replace(tzinfo=timezone(timedelta(hours=2)))], pa.timestamp("us", "+02:00")),
    pa.array([NOON], pa.timestamp("us", "UTC")),
    pa.array([date(2030, 1, 1)]),
    pa.array([date(2030, 1, 1)], pa.date64()),
]
IN_UTC = [NOON, NOON, NOON - timedelta(hours=2), NOON, datetime(2030, 1, 1), datetime(2030, 1, 1)]


@pytest.mark.parametrize(
    ("times", "expected"), list(zip(TIMES, IN_UTC, strict=True)), ids=[str(time.type) for time in TIMES]
)
def test_stores_times_in_utc(warehouse: Warehouse, times: Any, expected: datetime) -> None:
    warehouse.ingest("observations", replaced(observations(ROW), created_at=times))
    assert stored(warehouse)["created_at"].to_pylist() == [expected]


@pytest.mark.parametrize("number", [pa.array([3]), pa.array([3.0], pa.float32()), pa.array([decimal.Decimal("3.00")])])
def test_takes_numbers_that_a_double_holds(warehouse: Warehouse, number: Any) -> None:
    warehouse.ingest("observations", replaced(observations(ROW), execution_time_ms=number))
    assert stored(warehouse)["execution_time_ms"].to_pylist() == [3.0]


def test_takes_not_a_number(warehouse: Warehouse) -> None:
    warehouse.ingest("observations", replaced(observations(ROW), memory_used_mb=pa.array([float("nan")])))
    assert str(stored(warehouse)["memory_used_mb"][0]) == "nan"


def test_takes_a_column_that_is_all_null(warehouse: Warehouse) -> None:
    rows = replaced(observations(ROW), operation=pa.nulls(1), execution_time_ms=pa.nulls(1), created_at=pa.nulls(1))
    warehouse.ingest("observations", rows)
    assert stored(warehouse)["operation"].to_pylist() == [None]


def test_takes_a_json_column_as_its_text(warehouse: Warehouse) -> None:
    inputs = pa.array(["[1]"], pa.json_())
    warehouse.ingest("observations", replaced(observations(ROW), inputs=inputs))
    assert stored(warehouse)["inputs"].to_pylist() == ["[1]"]


def test_takes_columns_in_any_order(warehouse: Warehouse) -> None:
    rows = observations(ROW)
    warehouse.ingest("observations", rows.select(rows.column_names[::-1]))
    assert stored(warehouse).select(rows.column_names).to_pylist() == rows.to_pylist()


def test_takes_tables_of_pandas_and_polars(warehouse: Warehouse) -> None:
    rows = observations(ROW, ("p", "j", "t", 1, None))
    frame = rows.to_pandas().assign(git_commit_hash=pd.Categorical(["c", "c"]), created_at=pd.Timestamp(NOON))
    warehouse.ingest("observations", pa.Table.from_pandas(frame))
    polars = pl.from_arrow(rows)
    assert isinstance(polars, pl.DataFrame)
    polars = polars.with_columns(pl.lit("s").alias("run_id"), pl.lit("c").cast(pl.Categorical).alias("git_commit_hash"))
    warehouse.ingest("observations", polars.to_arrow())
    assert sorted(stored(warehouse)["git_commit_hash"].to_pylist()) == ["c"] * 4


def test_takes_a_table_that_was_read_from_the_store(warehouse: Warehouse) -> None:
    warehouse.ingest("observations", observations(ROW, ("p", "j", "t", 0, "$EXCEPTION@E@m")))
    first = stored(warehouse)
    warehouse.ingest("observations", replaced(first, run_id=["s", "s"]))
    assert stored(warehouse).num_rows == 4
    assert set(stored(warehouse)["response_key"].to_pylist()) == set(first["response_key"].to_pylist())


def test_rejects_a_derived_column_with_another_value(warehouse: Warehouse) -> None:
    rows = replaced(observations(ROW, ("p", "j", "t", 0, "1")), response_kind=["VALUE", "NULL"])
    assert rejection(warehouse, rows) == (
        "observations.response_kind, row 1: expected VALUE, found NULL\n"
        "  hint: leave response_kind out: it is derived from output"
    )


REFUSED = [
    (
        {"step_id": pa.array([0, 3_000_000_000])},
        "observations.step_id, row 1: expected a whole number that fits int32, found 3000000000",
    ),
    (
        {"step_id": pa.array([0, 1.5])},
        "observations.step_id, row 1: expected a whole number that fits int32, found 1.5",
    ),
    ({"step_id": pa.array([0, None])}, "observations.step_id, row 1: expected a value, found null"),
    ({"run_id": pa.array(["r", None])}, "observations.run_id, row 1: expected a value, found null"),
    (
        {"step_id": ["0", "1"]},
        "observations.step_id, row 0: expected a whole number, found '0' of type string\n"
        "  hint: cast the column to int32 first",
    ),
    (
        {"problem_id": [1, 2]},
        "observations.problem_id, row 0: expected text, found 1 of type int64\n  hint: cast the column to string first",
    ),
    (
        {"specified_oracle": [0, 1]},
        "observations.specified_oracle, row 0: expected true or false, found 0 of type int64\n"
        "  hint: cast the column to bool first",
    ),
    (
        {"execution_time_ms": pa.array([1, 2**53 + 1])},
        "observations.execution_time_ms, row 1: expected a number that fits double, found 9007199254740993",
    ),
    (
        {"execution_time_ms": pa.array([decimal.Decimal("0.5"), decimal.Decimal("0.12345678901234567890")])},
        "observations.execution_time_ms, row 1: expected a number that fits double, found 0.12345678901234567890",
    ),
    (
        {"created_at": pa.array([0, 1], pa.timestamp("ns"))},
        "observations.created_at, row 1: expected a timestamp that fits timestamp[us], "
        "found 1970-01-01 00:00:00.000000001",
    ),
    (
        {"created_at": ["2030-01-01", "2030-01-02"]},
        "observations.created_at, row 0: expected a timestamp, found '2030-01-01' of type string\n"
        "  hint: cast the column to timestamp[us] first",
    ),
]


@pytest.mark.parametrize(("columns", "message"), REFUSED, ids=[message.split(":")[0] for _, message in REFUSED])
def test_rejects_values_that_a_cast_would_change(warehouse: Warehouse, columns: dict[str, Any], message: str) -> None:
    rows = observations(("p", "i", "t", 0, "1"), ("p", "j", "t", 0, "1"))
    assert rejection(warehouse, replaced(rows, **columns)) == message


def test_counts_rows_of_a_stream_from_its_start(warehouse: Warehouse) -> None:
    good = observations(*[("p", f"i{at}", "t", 0, "1") for at in range(5)])
    bad = replaced(observations(("p", "j", "t", 0, "1"), ("p", "k", "t", 0, "1")), run_id=pa.array(["r", None]))
    reader = pa.RecordBatchReader.from_batches(good.schema, [*good.to_batches(), *bad.to_batches()])
    assert rejection(warehouse, reader) == "observations.run_id, row 6: expected a value, found null"


def bytes_as_text(*texts: bytes, type: Any = None) -> pa.Array:
    binary = pa.array(texts, {pa.large_string(): pa.large_binary()}.get(type, pa.binary()))
    return pa.Array.from_buffers(type or pa.string(), len(texts), binary.buffers())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (bytes_as_text(b"ok", b"\xff\xfe"), r"b'\xff\xfe'"),
        (bytes_as_text(b"ok", b"\xff", type=pa.large_string()), r"b'\xff'"),
        (bytes_as_text(b"ok", b"a\xed\xa0\x80"), r"b'a\xed\xa0\x80'"),
        (pa.DictionaryArray.from_arrays(pa.array([0, 1]), bytes_as_text(b"ok", b"\xff"), safe=False), r"b'\xff'"),
    ],
    ids=["bytes", "large", "surrogate", "dictionary"],
)
def test_rejects_text_that_is_not_utf8(warehouse: Warehouse, text: Any, shown: str) -> None:
    rows = replaced(observations(ROW, ("p", "j", "t", 0, "1")), output=text)
    assert rejection(warehouse, rows) == f"observations.output, row 1: expected text in UTF-8, found {shown}"


def test_rejects_arrow_data_with_indices_out_of_range(warehouse: Warehouse) -> None:
    broken = pa.DictionaryArray.from_arrays(pa.array([0, 7]), pa.array(["ok"]), safe=False)
    message = rejection(warehouse, replaced(observations(ROW, ("p", "j", "t", 0, "1")), operation=broken))
    assert message.startswith("observations.operation: the column is not valid Arrow data: ")


def test_names_missing_columns(warehouse: Warehouse) -> None:
    rows = observations(ROW).drop_columns(["run_id", "output"])
    assert rejection(warehouse, rows) == (
        "observations: missing columns run_id, output\n"
        "  hint: columns of the batch: problem_id, implementation_id, test_id, step_id, data_set_id"
    )


def test_names_an_unknown_column(warehouse: Warehouse) -> None:
    assert rejection(warehouse, replaced(observations(ROW), git_commit=["c"])) == (
        "observations: unknown column git_commit\n"
        "  hint: did you mean git_commit_hash? (the ingest option evolve adds a new column)"
    )


def test_rejects_names_that_differ_by_case(warehouse: Warehouse) -> None:
    rows = replaced(observations(ROW), Inputs=["[]"])
    expected = "observations: unknown column Inputs\n  hint: did you mean inputs?"
    assert [rejection(warehouse, rows, evolve) for evolve in (False, True)] == [expected, expected]


def test_rejects_a_duplicate_column(warehouse: Warehouse) -> None:
    rows = observations(ROW)
    rows = rows.append_column("test_id", pa.array(["t"]))
    assert rejection(warehouse, rows) == "observations: duplicate column test_id"
    rows = observations(ROW).append_column("Output", pa.array(["1"]))
    assert rejection(warehouse, rows) == "observations: column Output differs from output only by case"


@pytest.mark.parametrize(
    "name", ["data_set_id", "problem_id", "implementation_id", "test_id", "run_id", "environment_id"]
)
def test_rejects_ids_with_nul(warehouse: Warehouse, name: str) -> None:
    rows = replaced(observations(ROW, ("p", "j", "t", 0, "1")), **{name: ["x", "a\0b"]})
    assert "without NUL, found 'a\\x00b'" in rejection(warehouse, rows)


@pytest.mark.parametrize("name", ["data_set_id", "problem_id"])
def test_rejects_empty_ids_that_from_names(warehouse: Warehouse, name: str) -> None:
    rows = replaced(observations(ROW, ("p", "j", "t", 0, "1")), **{name: ["x", ""]})
    assert rejection(warehouse, rows) == (
        f"observations.{name}, row 1: expected an id of one or more characters, without NUL, found ''"
    )


@pytest.mark.parametrize("name", ["implementation_id", "test_id", "run_id", "environment_id"])
def test_stores_other_empty_ids(warehouse: Warehouse, name: str) -> None:
    warehouse.ingest("observations", replaced(observations(ROW, ("p", "j", "t", 0, "1")), **{name: ["x", ""]}))
    assert sorted(warehouse.table("observations").scan().to_arrow()[name].to_pylist()) == ["", "x"]


def test_rejects_a_negative_step(warehouse: Warehouse) -> None:
    rows = observations(ROW, ("p", "j", "t", -1, "1"))
    assert rejection(warehouse, rows) == "observations.step_id, row 1: expected a step from 0 on, found -1"


def test_rejects_empty_ids_of_sources(warehouse: Warehouse) -> None:
    tests = pa.table({"data_set_id": [""], "problem_id": ["p"], "test_id": ["t"]})
    with pytest.raises(InvalidData, match=r"^tests\.data_set_id, row 0: expected an id of one or more characters"):
        warehouse.ingest("tests", tests)


@pytest.mark.parametrize("nested", [False, True])
def test_rejects_names_that_are_not_utf8(warehouse: Warehouse, nested: bool) -> None:
    name = b"caf\xe9"
    values = pa.StructArray.from_arrays([pa.array([1])], [name]) if nested else pa.array([1])
    batch = observations(ROW).append_column(b"extra" if nested else name, values)
    assert rejection(warehouse, batch, evolve=True) == "observations: expected names in UTF-8, found b'caf\\xe9'"
