"""`srcql import parquet|jsonl|csv`: files, folders, and what is rejected."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import srcql_client
from srcql_client import formats, row_files

from .rows import observations
from .shell import Ended
from .shell import srcql as srcql_process

KEYS = {"data_set_id": "d", "problem_id": "p", "implementation_id": "i", "test_id": "t", "run_id": "r"}
HEADER = ",".join([*KEYS, "step_id", "output", "created_at"])
ROW = ",".join(KEYS.values())


def imported(warehouse: Path, query: str = "SELECT step_id, output FROM observations ORDER BY ALL") -> list[Any]:
    with srcql_client.connect(warehouse) as lakehouse:
        return lakehouse.query(query).to_pylist()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Rows of four data sets in a folder and its sub-folders, beside files that are none."""
    folder = tmp_path / "in"
    (folder / "sub" / "deeper").mkdir(parents=True)
    (folder / "_temporary").mkdir()
    pq.write_table(observations("a").slice(0, 0), folder / "a.parquet")
    pq.write_table(observations("b"), folder / "b.parquet")
    pq.write_table(observations("c"), folder / "sub" / "deeper" / "c.PARQUET")
    pq.write_table(observations("hidden"), folder / "_temporary" / "d.parquet")
    (folder / "._b.parquet").write_bytes(b"\0\5\26\7")
    (folder / "e.parquet").touch()
    (folder / "notes.txt").write_text("not imported")
    return folder


def test_a_folder_is_read_with_its_sub_folders(folder: Path, tmp_path: Path) -> None:
    command = ("import", "parquet", folder, "--table", "observations", "--warehouse", tmp_path / "w")
    found = srcql_process(*command)
    assert found.stdout.splitlines() == [
        "a.parquet: 0 rows added to observations",
        "b.parquet: 4 rows added to observations",
        "sub/deeper/c.PARQUET: 4 rows added to observations",
    ]
    skipped = f"skipped hidden or empty files in {folder}: ._b.parquet, _temporary/d.parquet, e.parquet"
    assert skipped in found.stderr.splitlines()
    assert found.returncode == 0
    assert imported(tmp_path / "w", "SELECT DISTINCT data_set_id AS d FROM observations ORDER BY 1") == [
        {"d": "b"},
        {"d": "c"},
    ]


def test_a_file_of_another_format_is_named_before_any_is_imported(
    srcql: Callable[..., Ended], folder: Path, tmp_path: Path
) -> None:
    (folder / "sub" / "z.parquet").write_text("no Parquet")
    found = srcql("import", "parquet", folder, "--table", "observations", "--warehouse", tmp_path / "w")
    assert found.stderr == f"expected a Parquet file, found another format at {folder / 'sub' / 'z.parquet'}\n"
    assert (found.stdout, found.returncode) == ("", 1)


def test_a_named_empty_file_is_an_error(srcql: Callable[..., Ended], folder: Path, tmp_path: Path) -> None:
    file = folder / "e.parquet"
    found = srcql("import", "parquet", file, "--table", "observations", "--warehouse", tmp_path / "w")
    assert (found.stderr, found.returncode) == (f"expected a Parquet file, found an empty file at {file}\n", 1)


def test_a_folder_without_files_is_an_error(srcql: Callable[..., Ended], folder: Path, tmp_path: Path) -> None:
    found = srcql("import", "csv", folder, "--table", "observations", "--warehouse", tmp_path / "w")
    assert (found.stderr, found.returncode) == (f"expected a folder with .csv files, found none in {folder}\n", 1)


def test_json_lines_keep_their_values(
    srcql: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_files, "ROWS_AT_ONCE", 2)  # the columns of later parts count
    file = tmp_path / "rows.jsonl"
    rows = [{**KEYS, "step_id": step, "output": output} for step, output in enumerate(("1", None, "2026-01-02"))]
    rows[2] |= {"gpu": "a\u2028b", "created_at": "2026-01-02T03:04:05Z", "execution_time_ms": 1.5}
    rows[0] |= {"execution_time_ms": 2, "response_key": 7}
    file.write_text("\ufeff" + "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    command = ("import", "jsonl", file, "--table", "observations", "--warehouse", tmp_path / "w")
    assert "unknown column gpu" in srcql(*command).stderr
    found = srcql(*command, "--evolve")
    assert (found.stdout, found.stderr) == ("rows.jsonl: 3 rows added to observations\n", "")
    assert srcql(*command, "--evolve").stdout == "rows.jsonl: 0 rows added to observations (3 already there)\n"
    query = "SELECT output, gpu, execution_time_ms AS ms, created_at::VARCHAR AS at FROM observations ORDER BY step_id"
    first, second, third = imported(tmp_path / "w", query)
    assert (first["output"], first["gpu"], first["ms"]) == ("1", None, 2.0)
    assert (second["output"], second["ms"]) == (None, None)
    assert third == {"output": "2026-01-02", "gpu": "a\u2028b", "ms": 1.5, "at": "2026-01-02 03:04:05"}


def test_csv_keeps_its_values(srcql: Callable[..., Ended], tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    lines = [
        f'{ROW},0,"a\n""b""",2026-01-02 03:04:05',
        f'{ROW},1,"",2026-01-02T03:04:05+01:00',
        f"{ROW},2,,",
        f"{ROW},3,007,",
    ]
    file.write_text("\n".join([HEADER, *lines]) + "\n")
    found = srcql("import", "csv", file, "--table", "observations", "--warehouse", tmp_path / "w")
    assert (found.stdout, found.stderr) == ("rows.csv: 4 rows added to observations\n", "")
    assert [row["output"] for row in imported(tmp_path / "w")] == ['a\n"b"', "", None, "007"]
    times = imported(
        tmp_path / "w", "SELECT created_at::VARCHAR AS at FROM observations WHERE step_id < 2 ORDER BY step_id"
    )
    assert [row["at"] for row in times] == ["2026-01-02 03:04:05", "2026-01-02 02:04:05"]


@pytest.mark.parametrize(
    ("format", "text", "words"),
    [
        ("jsonl", '{"step_id": 0}\n[1]\n', "rows.jsonl, line 2: expected a JSON object, found [1]"),
        ("jsonl", "\xff", "rows.jsonl, line 1: expected a JSON object, found "),
        ("jsonl", "[" * 100_000, "rows.jsonl, line 1: expected a JSON object, found [[["),
        ("jsonl", '{"step_id": 0}', "found no column data_set_id"),
        ("jsonl", json.dumps({**KEYS, "step_id": 0, "output": 1}), "expected text, found 1"),
        ("jsonl", "\n".join(json.dumps({**KEYS, "output": o}) for o in ("x", 1)), "output, row 1: expected a value of"),
        ("csv", f"{HEADER}\n{ROW},one,,\n", "step_id, row 0: expected a whole number, found 'one'"),
        ("csv", f"{HEADER}\n{ROW},0,,soon\n", "created_at, row 0: expected a time in ISO 8601, found 'soon'"),
        ("csv", f"{HEADER}\n{ROW},0\n", "Expected 8 columns, got 6"),
        ("csv", "", "expected a CSV file with a header, found an empty file at "),
    ],
)
def test_other_files_are_rejected(
    srcql: Callable[..., Ended], tmp_path: Path, format: str, text: str, words: str
) -> None:
    file = tmp_path / f"rows.{format}"
    file.write_bytes(text.encode("latin-1"))
    found = srcql("import", format, file, "--table", "observations", "--warehouse", tmp_path / "w")
    assert words in found.stderr
    assert (found.stdout, found.returncode) == ("", 1)


@pytest.mark.parametrize("format", ["parquet", "jsonl", "csv"])
def test_a_result_can_be_imported(srcql: Callable[..., Ended], tmp_path: Path, format: str) -> None:
    """All columns of observations, as `srcql query` writes them, give the same rows in another lakehouse."""
    table = observations().append_column("specified_oracle", [[True, False, None, False]])
    with srcql_client.connect(tmp_path / "a") as lakehouse:
        lakehouse.ingest("observations", table)
        rows = lakehouse.query("FROM observations ORDER BY ALL")
    with (tmp_path / f"rows.{format}").open("wb") as file:
        formats.write(format, rows.to_reader(), file)
    command = ("import", format, tmp_path / f"rows.{format}", "--table", "observations", "--warehouse", tmp_path / "b")
    assert srcql(*command).stderr == ""
    assert imported(tmp_path / "b", "FROM observations ORDER BY ALL") == rows.to_pylist()
