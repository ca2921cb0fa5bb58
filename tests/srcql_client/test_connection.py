"""The connection, over the wire and embedded."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import srcql_client
from srcql import errors
from srcql_client import Connection, DataSetStatus, formats

from .rows import observations

ROWS = observations()


def count(lakehouse: Connection) -> int:
    return int(lakehouse.query("SELECT count(*) AS n FROM observations")["n"][0].as_py())


def parquet(folder: Path) -> Path:
    pq.write_table(ROWS, folder / "rows.parquet")
    return folder / "rows.parquet"


def written(folder: Path, format: str) -> Path:
    """Write the rows as `srcql query` does."""
    with (folder / f"rows.{format}").open("wb") as file:
        formats.write(format, ROWS.to_reader(), file)
    return folder / f"rows.{format}"


FORMS: dict[str, Callable[[Path], Any]] = {
    "table": lambda _: ROWS,
    "batch": lambda _: ROWS.to_batches()[0],
    "reader": lambda _: ROWS.to_reader(max_chunksize=1),
    "batches": lambda _: ROWS.to_batches(max_chunksize=1),
    "generator": lambda _: (batch for batch in ROWS.to_batches(max_chunksize=1)),
    "tables": lambda _: [ROWS.slice(0, 1), ROWS.slice(1)],
    "pandas": lambda _: ROWS.to_pandas(),
    "pandas with an index": lambda _: pd.DataFrame(ROWS.to_pandas()).set_index(pd.Index([3, 1, 4, 1])),
    "polars": lambda _: pl.DataFrame(ROWS),
    "dictionaries": lambda _: ROWS.to_pylist(),
    "JSON lines": lambda folder: written(folder, "jsonl"),
    "CSV": lambda folder: written(folder, "csv"),
    "upper-case ending": lambda folder: written(folder, "jsonl").rename(folder / "rows.JSONL"),
    "Parquet path": parquet,
    "Parquet path as text": lambda folder: str(parquet(folder)),
}


@pytest.mark.parametrize("form", FORMS)
def test_rows_have_many_forms(lakehouse: Connection, tmp_path: Path, form: str) -> None:
    receipt = lakehouse.ingest("observations", FORMS[form](tmp_path))
    assert (receipt.table, receipt.rows, receipt.added, receipt.repeated) == ("observations", 4, 4, False)
    found = lakehouse.query("SELECT implementation_id, test_id, output FROM observations ORDER BY ALL")
    assert found.to_pydict() == {
        "implementation_id": ["i1", "i1", "i2", "i2"],
        "test_id": ["t0", "t1", "t0", "t1"],
        "output": ["0", "1", "0", "1"],
    }


def test_a_batch_id_is_written_once(lakehouse: Connection) -> None:
    first = lakehouse.ingest("observations", ROWS, "night-7")
    again = lakehouse.ingest("observations", ROWS, "night-7")
    assert (first.batch_id, first.repeated, first.added) == ("night-7", False, 4)
    assert (again.rows, again.repeated, again.added) == (4, True, 0)
    assert again.snapshot_id == first.snapshot_id
    assert count(lakehouse) == 4


def test_without_a_batch_id_the_same_rows_are_written_once(lakehouse: Connection, tmp_path: Path) -> None:
    first = lakehouse.ingest("observations", ROWS)
    receipts = [lakehouse.ingest("observations", form(tmp_path)) for form in FORMS.values()]
    assert {(receipt.batch_id, receipt.repeated, receipt.added) for receipt in receipts} == {(first.batch_id, True, 0)}
    assert first.batch_id.startswith("content-")
    assert lakehouse.ingest("observations", ROWS.slice(1)).added == len(ROWS) - 1
    assert count(lakehouse) == 2 * len(ROWS) - 1


def test_the_id_none_always_writes(lakehouse: Connection) -> None:
    receipts = [lakehouse.ingest("observations", ROWS, batch_id=None) for _ in range(2)]
    assert receipts[0].batch_id != receipts[1].batch_id
    assert count(lakehouse) == 2 * len(ROWS)


@pytest.mark.parametrize("batch_id", ["", 7, b"x", "\ud800"])
def test_other_batch_ids_are_rejected(lakehouse: Connection, batch_id: Any) -> None:
    with pytest.raises(errors.InvalidData, match=r"^batch_id: expected text of 1 to 1,000 bytes, found "):
        lakehouse.ingest("observations", ROWS, batch_id)


def sheets(test_id: str) -> pa.Table:
    return pa.table({"data_set_id": ["d"], "problem_id": ["p"], "test_id": [test_id]})


def test_a_failing_source_adds_nothing(lakehouse: Connection) -> None:
    class Broken(Exception):
        pass

    def batches() -> Iterator[pa.RecordBatch]:
        yield from ROWS.to_batches()
        raise Broken("the disk is gone")

    with pytest.raises(Broken, match="the disk is gone"):
        lakehouse.ingest("observations", batches())
    assert count(lakehouse) == 0


def test_an_interrupted_source_adds_nothing(lakehouse: Connection) -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield from ROWS.to_batches()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lakehouse.ingest("observations", batches())
    assert count(lakehouse) == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (7, "expected rows, found int"),
        ([], "expected at least one record batch, found none"),
        ([7], "expected record batches, found an item of type int"),
        (ROWS.to_batches() + ROWS.drop_columns(["output"]).to_batches(), "batches of one schema(.|\n)*differ: output"),
        (__file__, "expected a Parquet file, found another format"),
        ("missing.parquet", "expected a Parquet file, found no file at missing.parquet"),
    ],
)
def test_other_data_is_rejected(lakehouse: Connection, data: Any, words: str) -> None:
    with pytest.raises(errors.InvalidData, match=words):
        lakehouse.ingest("observations", data)


def test_a_closed_connection_says_so(lakehouse: Connection) -> None:
    lakehouse.close()
    lakehouse.close()
    for call in (lambda: lakehouse.query("SELECT 1"), lakehouse.status, lambda: lakehouse.ingest("tests", [])):
        with pytest.raises(errors.StoreError, match=f"the connection to {lakehouse.location} is closed"):
            call()


RECORD = {**ROWS.to_pylist()[0], "run_id": "r2"}


def test_dictionaries_lose_no_key(lakehouse: Connection) -> None:
    records = [RECORD, {**RECORD, "step_id": 1, "ci_pipeline_id": "c", "created_at": "2026-01-02T03:04:05+01:00"}]
    assert lakehouse.ingest("observations", records).added == 2
    found = lakehouse.query("SELECT ci_pipeline_id, created_at FROM observations ORDER BY step_id")
    assert found.to_pydict() == {
        "ci_pipeline_id": [None, "c"],
        "created_at": [datetime(2026, 1, 1), datetime(2026, 1, 2, 2, 4, 5)],
    }


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"output": 1}, "output, row 1: expected a value of a type of Arrow, the same in all rows, found 1$"),
        ({"step_id": 2**70}, "step_id, row 1: expected a value of a type of Arrow, the same in all rows, found 11805"),
        ({"output": "\ud800"}, "output, row 1: .*found '.ud800'$"),
        ({"step_id": 1.5}, "step_id, row 1: expected a whole number"),
        ({"created_at": "soon"}, "created_at, row 1: .*found 'soon'$"),
        ({7: "seven"}, "expected names of columns as text, found 7"),
        ({"gpu": "a100"}, "unknown column gpu"),
    ],
)
def test_dictionaries_that_would_change_are_rejected(lakehouse: Connection, values: dict[Any, Any], words: str) -> None:
    with pytest.raises(errors.InvalidData, match=words):
        lakehouse.ingest("observations", [RECORD, {**RECORD, "step_id": 1, **values}])
    assert count(lakehouse) == 0


def test_a_generator_of_dictionaries_is_rejected(lakehouse: Connection) -> None:
    with pytest.raises(errors.InvalidData, match="pass dictionaries as one list"):
        lakehouse.ingest("observations", (each for each in [RECORD]))


def test_evolve_adds_a_column(lakehouse: Connection) -> None:
    assert lakehouse.ingest("observations", [{**RECORD, "gpu": "a100"}], evolve=True).added == 1
    assert lakehouse.query("SELECT gpu FROM observations").to_pylist() == [{"gpu": "a100"}]


@pytest.mark.parametrize(
    ("text", "parameters", "row"),
    [
        ("SELECT ? + 1 AS a, ? AS b", [1, "x"], {"a": 2, "b": "x"}),
        ("SELECT ? AS a", (None,), {"a": None}),
        ("SELECT ? AS a", [[1, 2]], {"a": [1, 2]}),
        ("SELECT ?::DATE AS a", [date(2026, 1, 2)], {"a": date(2026, 1, 2)}),
        ("SELECT n_tests AS a FROM (CLUSTER FROM d WHERE test_id = ?)", ["t1"], {"a": 1}),
    ],
)
def test_a_query_has_parameters(lakehouse: Connection, text: str, parameters: Any, row: dict[str, Any]) -> None:
    lakehouse.ingest("observations", ROWS)
    assert lakehouse.query(text, parameters).to_pylist()[0] == row
    assert lakehouse.stream(text, parameters).read_all().to_pylist()[0] == row


@pytest.mark.parametrize(
    ("text", "parameters", "words"),
    [
        (None, (), "expected a query as text, found a value of type NoneType"),
        (b"SELECT 1", (), "expected a query as text, found a value of type bytes"),
        ("SELECT ?", "x", "expected a list of parameters, found a value of type str"),
        ("SELECT ?", 7, "expected a list of parameters, found a value of type int"),
        ("SELECT ?", [], "expected 1 parameter, found 0"),
        ("SELECT 1", [1], "expected 0 parameters, found 1"),
    ],
)
def test_what_is_no_query_is_rejected(lakehouse: Connection, text: Any, parameters: Any, words: str) -> None:
    with pytest.raises(errors.InvalidQuery, match=words):
        lakehouse.query(text, parameters)


@pytest.mark.parametrize("location", [7, b"W", ["W"]])
def test_what_is_no_address_is_rejected(location: Any) -> None:
    with pytest.raises(errors.Unsupported, match="or a folder, found a value of type "):
        srcql_client.connect(location)


def test_rejected_rows_raise_an_error(lakehouse: Connection) -> None:
    with pytest.raises(errors.InvalidData, match="output"):
        lakehouse.ingest("observations", ROWS.drop_columns(["output"]))
    with pytest.raises(errors.UnknownName, match="unknown table observation") as caught:
        lakehouse.ingest("observation", ROWS)
    assert "did you mean observations?" in str(caught.value)


def test_a_query_raises_its_error_only(lakehouse: Connection) -> None:
    lakehouse.ingest("observations", ROWS)
    with pytest.raises(errors.UnknownName) as caught:
        lakehouse.query("CLUSTER FROM e")
    assert str(caught.value).splitlines()[:3] == [
        "line 1, column 14: unknown data set e",
        "  CLUSTER FROM e",
        "               ^",
    ]
    with pytest.raises(errors.Forbidden):
        lakehouse.query("DROP TABLE observations")


@pytest.mark.parametrize("text", ["SELECT 1\0", "SELECT 'a\0b'", "\0", "SELECT '\ud800'", 'SELECT 1 AS "\udfff"'])
def test_characters_that_no_driver_sends_are_rejected(lakehouse: Connection, text: str) -> None:
    with pytest.raises(errors.InvalidQuery, match="expected text, found") as caught:
        lakehouse.query(text)
    assert caught.value.hint


def test_an_error_after_the_first_rows_is_raised(lakehouse: Connection) -> None:
    rows = lakehouse.stream("SELECT CASE WHEN i > 900000 THEN error('too late') ELSE i END FROM range(1000000) t(i)")
    with pytest.raises(errors.SrcqlError) as caught:
        rows.read_all()
    assert "too late" in str(caught.value)
    assert "Flight" not in str(caught.value)
    assert count(lakehouse) == 0


def test_a_stream_has_batches(lakehouse: Connection) -> None:
    rows = lakehouse.stream("SELECT i FROM range(1000000) t(i)")
    sizes = [len(batch) for batch in rows]
    assert sum(sizes) == 1_000_000
    assert len(sizes) > 1


def test_verbs_are_queries(lakehouse: Connection) -> None:
    lakehouse.ingest("observations", ROWS)
    (cluster,) = lakehouse.query("CLUSTER FROM d").to_pylist()
    assert cluster["implementations"] == ["i1", "i2"]


def test_status_counts_the_contents(lakehouse: Connection) -> None:
    assert lakehouse.status().data_sets == ()
    lakehouse.ingest("observations", ROWS)
    lakehouse.ingest("observations", observations("e", ("i1",), 3))
    status = lakehouse.status()
    assert status.data_sets == (DataSetStatus("d", 1, 2, 1, 4), DataSetStatus("e", 1, 1, 1, 3))
    assert status.files == 2
    assert status.bytes > 0
    assert status.snapshots == 2


def test_a_warehouse_keeps_its_rows(tmp_path: Path) -> None:
    with srcql_client.connect(tmp_path / "w") as first:
        first.ingest("observations", ROWS)
    with srcql_client.connect(str(tmp_path / "w")) as second:
        assert count(second) == 4


def test_an_empty_string_is_not_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.Unsupported, match="found an empty string"):
        srcql_client.connect("")
    assert not list(tmp_path.iterdir())
