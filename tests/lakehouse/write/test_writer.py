"""How rows are stored in files, and batches with duplicate keys."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import DataFile
from pyiceberg.types import StringType

from lakehouse.tables import ROW_GROUP
from lakehouse.warehouse import Warehouse
from lakehouse.write import chunks
from lakehouse.write.order import find_duplicates, pack, sort_rows
from srcql.errors import InvalidData
from srcql.schema import OBSERVATIONS
from tests.lakehouse.conftest import observations


def files(warehouse: Warehouse, table: str = "observations") -> list[DataFile]:
    tasks = warehouse.table(table).scan().plan_files()
    return sorted((task.file for task in tasks), key=lambda file: str(file.partition[0]))


def leftovers(warehouse: Warehouse) -> list[Path]:
    return [path for folder in warehouse.data_locations for path in Path(folder).rglob("*") if path.is_file()]


def test_rows_are_sorted_by_bytes(warehouse: Warehouse) -> None:
    names = ["a", "B", "é", "\uffff", "\U0001f600", "ab", " "]
    rows = [(p, i, t, s, "1") for p in names for i in names[:3] for t in ("t2", "t10") for s in (2, 10)]
    random.Random(1).shuffle(rows)
    warehouse.ingest("observations", observations(*rows))
    table = pq.read_table(files(warehouse)[0].file_path)
    found = list(zip(*(table[name].to_pylist() for name in OBSERVATIONS.sort), strict=True))
    wanted = sorted((p.encode(), t.encode(), s, i.encode()) for p, i, t, s, _ in rows)
    assert [(p.encode(), t.encode(), s, i.encode()) for p, t, s, i in found] == wanted


def test_order_needs_no_more_than_64_bits() -> None:
    sizes = [2, 2**40, 2, 2**30, 2]
    numbers = [np.array([random.Random(at).randrange(size) for at in range(500)]) for size in sizes]
    codes = pack(list(zip(numbers, sizes, strict=True)))
    assert len(codes) == 2
    assert sort_rows(codes).tolist() == np.lexsort(numbers[::-1]).tolist()
    assert find_duplicates(codes, sort_rows(codes)).size == 0


def test_one_file_for_each_data_set(warehouse: Warehouse) -> None:
    rows = observations(("p", "i", "t", 0, "1"), ("q", "i", "t", 0, "2"), ("p", "j", "t", 0, "3"))
    rows = rows.set_column(rows.column_names.index("data_set_id"), "data_set_id", pa.array(["E", "D/x", "E"]))
    warehouse.ingest("observations", rows)
    found = [
        (file.partition[0], file.record_count, pq.read_table(file.file_path)["output"].to_pylist())
        for file in files(warehouse)
    ]
    assert found == [("D/x", 1, ["2"]), ("E", 2, ["1", "3"])]


@pytest.mark.parametrize("length", [20, 1000])
def test_bounds_are_whole(warehouse: Warehouse, length: int) -> None:
    least, greatest = "problem_" * length + "1", "problem_" * length + "2"
    warehouse.ingest("observations", observations((least, "i", "t", 0, "1"), (greatest, "i", "t", 0, "1")))
    file = files(warehouse)[0]
    ids = {column.name: column.field_id for column in OBSERVATIONS.columns}
    assert from_bytes(StringType(), file.lower_bounds[ids["problem_id"]]) == least
    assert from_bytes(StringType(), file.upper_bounds[ids["problem_id"]]) == greatest
    assert not {ids["inputs"], ids["output"]} & (file.lower_bounds.keys() | file.value_counts.keys())
    assert file.sort_order_id == 1


def test_files_carry_field_ids_and_small_row_groups(warehouse: Warehouse) -> None:
    count = ROW_GROUP + 1
    rows = pa.table(
        {
            "data_set_id": pa.repeat("D", count),
            "problem_id": pa.repeat("p", count),
            "implementation_id": pa.repeat("i", count),
            "test_id": pa.repeat("t", count),
            "run_id": pa.repeat("r", count),
            "step_id": pa.array(range(count), pa.int32()),
            "output": pa.array(range(count)).cast(pa.string()),
        }
    )
    warehouse.ingest("observations", rows)
    footer = pq.read_metadata(files(warehouse)[0].file_path)
    assert [footer.row_group(at).num_rows for at in range(footer.num_row_groups)] == [ROW_GROUP, 1]
    assert {footer.row_group(0).column(at).compression for at in range(footer.num_columns)} == {"ZSTD"}
    schema = pq.read_schema(files(warehouse)[0].file_path)
    found = {field.name: int(field.metadata[b"PARQUET:field_id"]) for field in schema}
    assert found == {column.name: column.field_id for column in OBSERVATIONS.columns}
    outputs = pq.read_table(files(warehouse)[0].file_path)["output"].to_pylist()
    assert outputs == [str(at) for at in range(count)]


REPEATED = ("p", "i", "t", 0, "1")


def test_rejects_a_duplicate_key(warehouse: Warehouse) -> None:
    rows = observations(("p", "j", "t", 0, "1"), REPEATED, ("q", "i", "t", 0, "1"), ("p", "i", "t", 0, "2"))
    with pytest.raises(InvalidData) as error:
        warehouse.ingest("observations", rows)
    assert str(error.value) == (
        "observations: row 3 has the same key as row 1: data_set_id 'D', problem_id 'p', test_id 't', step_id 0, "
        "implementation_id 'i', run_id 'r', environment_id 'unknown'\n"
        "  hint: send each row once, or give the rows different values of run_id"
    )
    assert leftovers(warehouse) == []


def test_the_same_step_in_another_environment_is_no_duplicate(warehouse: Warehouse) -> None:
    rows = observations(REPEATED, REPEATED).append_column("environment_id", pa.array(["a", "b"]))
    assert warehouse.ingest("observations", rows).rows == 2


def stream(*tables: pa.Table) -> Any:
    return pa.RecordBatchReader.from_batches(
        tables[0].schema, [part for table in tables for part in table.to_batches()]
    )


def test_finds_a_duplicate_key_in_another_chunk(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 2)
    rows = [observations((f"p{at % 3}", f"i{at}", "t", 0, "1")) for at in range(9)]
    with pytest.raises(InvalidData) as error:
        warehouse.ingest("observations", stream(*rows, observations(("p0", "i0", "t", 0, "2"))))
    assert str(error.value).startswith("observations: two rows have the same key: data_set_id 'D', problem_id 'p0', ")
    assert leftovers(warehouse) == []
    assert warehouse.ingest("observations", stream(*rows)).rows == 9
    assert [file.record_count for file in files(warehouse)] == [2, 2, 2, 2, 1]


def test_invalid_row_at_the_end_leaves_no_file(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 2)
    rows = [observations((f"p{at}", "i", "t", at, "1")) for at in range(6)]
    bad = observations(("p", "i", "t", None, "1")).cast(rows[0].schema)
    with pytest.raises(InvalidData, match=r"observations.step_id, row 6: expected a value, found null"):
        warehouse.ingest("observations", stream(*rows, bad))
    assert leftovers(warehouse) == []
    assert warehouse.table("observations").current_snapshot() is None


def test_a_stream_that_breaks_leaves_no_file(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 1)
    rows = observations(("p", "i", "t", 0, "1"), ("p", "i", "t", 1, "1"))

    def batches() -> Any:
        yield from rows.to_batches()
        raise ConnectionError("the client went away")

    with pytest.raises(ConnectionError):
        warehouse.ingest("observations", pa.RecordBatchReader.from_batches(rows.schema, batches()))
    assert leftovers(warehouse) == []


def test_chunks_are_cut_by_rows_and_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 4)
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 100)
    short = pa.table({"a": pa.array([1] * 6, pa.int8())}).to_batches(max_chunksize=1)
    long = pa.table({"a": pa.array([1] * 6, pa.int8()), "b": pa.array(["x" * 90] * 6)}).to_batches()
    assert [len(chunk) for chunk in chunks.chunks(short)] == [4, 2]
    assert [len(chunk) for chunk in chunks.chunks(long)] == [1] * 6
    shared = pa.table({"b": pa.array(["x" * 90] * 6).dictionary_encode()}).to_batches(max_chunksize=1)
    assert [len(chunk) for chunk in chunks.chunks(shared)] == [4, 2]


def test_rejects_two_sources_of_one_time_in_a_batch(warehouse: Warehouse) -> None:
    code = pa.table(
        {"data_set_id": ["D"] * 2, "problem_id": ["p"] * 2, "implementation_id": ["i"] * 2, "code_hash": ["a", "b"]}
    )
    with pytest.raises(InvalidData) as error:
        warehouse.ingest("code_implementations", code)
    assert "row 1 has the same key as row 0: data_set_id 'D', problem_id 'p', implementation_id 'i'" in str(error.value)
    times = pa.array([1, 2], pa.timestamp("s"))
    assert warehouse.ingest("code_implementations", code.append_column("created_at", times)).rows == 2


def test_an_empty_batch_makes_no_snapshot(warehouse: Warehouse) -> None:
    empty = observations(REPEATED).slice(0, 0)
    receipt = warehouse.ingest("observations", empty, batch_id="none")
    assert (receipt.rows, receipt.snapshot_id, receipt.repeated) == (0, -1, False)
    assert warehouse.table("observations").current_snapshot() is None
    first = warehouse.ingest("observations", observations(REPEATED))
    assert warehouse.ingest("observations", empty.to_reader()).snapshot_id == first.snapshot_id
