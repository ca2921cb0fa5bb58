"""The id of a batch without one: a digest of its rows."""

import decimal
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from lakehouse.warehouse import Warehouse
from lakehouse.write import chunks
from srcql.errors import InvalidData
from tests.lakehouse.conftest import observations

ROWS = observations(*[(f"p{at % 3}", f"i{at}", "t", at, None if at % 4 == 0 else "é" * at) for at in range(20)])


def nested(type: Any = None) -> pa.Array:
    return pa.array([{"a": [at, None], "b": {"c": at % 2 == 0}} if at % 3 else None for at in range(20)], type)


WIDE = (
    ROWS.append_column("execution_time_ms", pa.array([at / 8 if at % 5 else None for at in range(20)]))
    .append_column("created_at", pa.array([datetime(2030, 1, 1)] * 20))
    .append_column("nested", nested())
    .append_column("price", pa.array([decimal.Decimal(at) / 4 for at in range(20)], pa.decimal128(9, 2)))
    .append_column("tags", pa.array([[("k", at)] * (at % 2) for at in range(20)], pa.map_(pa.string(), pa.int64())))
)


def replaced(rows: pa.Table, name: str, values: Any) -> pa.Table:
    return rows.set_column(rows.column_names.index(name), name, values)


def read(rows: pa.Table, size: int) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches(max_chunksize=size))


def test_the_same_rows_are_added_once(warehouse: Warehouse) -> None:
    first = warehouse.ingest("observations", WIDE, evolve=True)
    again = warehouse.ingest("observations", WIDE)
    assert (first.added, again.added, again.repeated) == (20, 0, True)
    assert again.batch_id == first.batch_id
    assert again.snapshot_id == first.snapshot_id
    assert len(list(warehouse.table("observations").scan().plan_files())) == 1
    assert warehouse.ingest("observations", WIDE, batch_id=None).added == 20
    assert warehouse.ingest("observations", WIDE, batch_id="mine").added == 20


OTHER_FORMS = {
    "in small batches": lambda rows: read(rows, 3),
    "in another order of columns": lambda rows: rows.select(rows.column_names[::-1]),
    "as dictionaries": lambda rows: replaced(rows, "output", rows["output"].dictionary_encode()),
    "as large text": lambda rows: replaced(rows, "output", rows["output"].cast(pa.large_string())),
    "as other numbers": lambda rows: replaced(rows, "step_id", rows["step_id"].cast(pa.uint8())),
    "in other units": lambda rows: replaced(rows, "created_at", rows["created_at"].cast(pa.timestamp("s", "UTC"))),
    "with a column of nulls": lambda rows: rows.append_column("git_commit_hash", pa.nulls(20)),
    "with other nested types": lambda rows: replaced(
        rows,
        "nested",
        nested(pa.struct([("b", pa.struct([("c", pa.bool_())])), ("a", pa.large_list(pa.int8()))])),
    ),
}


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_the_form_of_the_rows_does_not_count(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    first = warehouse.ingest("observations", WIDE, evolve=True)
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 7)
    again = warehouse.ingest("observations", OTHER_FORMS[form](WIDE))
    assert (again.batch_id, again.repeated) == (first.batch_id, True)


OTHER_ROWS = {
    "in another order": lambda rows: rows.take(pa.array([1, 0, *range(2, 20)])),
    "with one row less": lambda rows: rows.slice(1),
    "with another text": lambda rows: replaced(rows, "output", pa.array([*rows["output"].to_pylist()[:-1], "é" * 18])),
    "with null": lambda rows: replaced(rows, "output", pa.array([*rows["output"].to_pylist()[:-1], None])),
    "with another number": lambda rows: replaced(rows, "execution_time_ms", pa.array([0.5] * 20)),
    "in another column": lambda rows: rows.rename_columns(
        ["memory_used_mb" if name == "execution_time_ms" else name for name in rows.column_names]
    ),
    "with nested parts in another order": lambda rows: replaced(
        rows, "nested", pa.array([{"a": [None, at], "b": {"c": at % 2 == 0}} if at % 3 else None for at in range(20)])
    ),
    "with an empty list for null": lambda rows: replaced(
        rows, "tags", pa.array([[("k", at)] if at % 2 else None for at in range(20)], rows.schema.field("tags").type)
    ),
}


@pytest.mark.parametrize("change", OTHER_ROWS)
def test_other_rows_have_another_id(warehouse: Warehouse, change: str) -> None:
    first = warehouse.ingest("observations", WIDE, evolve=True)
    other = warehouse.ingest("observations", OTHER_ROWS[change](WIDE))
    assert other.batch_id != first.batch_id
    assert not other.repeated


def test_the_table_counts(warehouse: Warehouse) -> None:
    keys = pa.table({"data_set_id": ["D"], "problem_id": ["p"], "test_id": ["t"], "implementation_id": ["i"]})
    tests = warehouse.ingest("tests", keys.drop_columns("implementation_id"))
    code = warehouse.ingest("code_implementations", keys.drop_columns("test_id"))
    assert tests.batch_id != code.batch_id
    assert warehouse.ingest("tests", keys.drop_columns("implementation_id")).repeated


def test_defaults_do_not_count(warehouse: Warehouse) -> None:
    """`created_at` is filled with the time of the ingest, which differs."""
    first, again = (warehouse.ingest("observations", ROWS) for _ in range(2))
    assert again == type(first)("observations", 20, first.snapshot_id, first.batch_id, True)


@pytest.mark.parametrize("batch_id", ["", "x" * 1001, "\ud800", 7, b"x"])
def test_rejects_ids_that_are_no_short_text(warehouse: Warehouse, batch_id: Any) -> None:
    with pytest.raises(InvalidData, match=r"^batch_id: expected text of 1 to 1,000 bytes, found "):
        warehouse.ingest("observations", ROWS, batch_id=batch_id)


def test_rejects_data_of_another_kind(warehouse: Warehouse) -> None:
    frame: Any = ROWS.to_pandas()
    with pytest.raises(InvalidData) as error:
        warehouse.ingest("observations", frame)
    assert str(error.value) == (
        "expected a pyarrow.Table or pyarrow.RecordBatchReader, found DataFrame\n"
        "  hint: convert it, for example with pyarrow.Table.from_pandas, or use srcql_client.connect(folder)"
    )
