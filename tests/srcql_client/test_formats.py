"""The output formats."""

import csv
import io
import json
import re
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from srcql.errors import Unsupported
from srcql_client import formats

ROWS = pa.table(
    {
        "text": pa.array(['a "b", c\nd', None, ""]),
        "list": pa.array([["x", "y"], [], None], pa.list_(pa.string())),
        "share": pa.array([1 / 3, float("nan"), None]),
        "size": pa.array([1, 2**60, None]),
        "flag": pa.array([True, False, None]),
        "total": pa.array([Decimal(12), Decimal(0), None], pa.decimal128(38, 0)),
        "time": pa.array([datetime(2026, 1, 2, 3, 4, 5), None, None], pa.timestamp("us")),
        "struct": pa.array([{"day": date(2026, 1, 2), "raw": b"\x01"}, None, None]),
    }
)


def written(format: str, rows: pa.Table = ROWS, width: int | None = None) -> bytes:
    out = io.BytesIO()
    formats.write(format, rows.to_reader(max_chunksize=2), out, width)
    return out.getvalue()


FIRST = {
    "text": 'a "b", c\nd',
    "list": ["x", "y"],
    "share": 1 / 3,
    "size": 1,
    "flag": True,
    "total": 12,
    "time": "2026-01-02T03:04:05",
    "struct": {"day": "2026-01-02", "raw": "01"},
}


def test_jsonl_has_a_row_on_each_line() -> None:
    lines = [json.loads(line) for line in written("jsonl").splitlines()]
    assert lines[0] == FIRST
    assert lines[1] == dict.fromkeys(FIRST) | {"text": None, "list": [], "size": 2**60, "flag": False, "total": 0}
    assert lines[2] == dict.fromkeys(FIRST) | {"text": ""}


def test_json_is_one_array() -> None:
    assert json.loads(written("json"))[0] == FIRST
    assert len(json.loads(written("json"))) == 3
    assert json.loads(written("json", ROWS.slice(0, 0))) == []


def test_csv_has_empty_nulls_and_json_lists() -> None:
    lines = list(csv.reader(io.StringIO(written("csv").decode())))
    assert lines[0] == ROWS.column_names
    assert lines[1][:4] == ['a "b", c\nd', '["x", "y"]', "0.3333333333333333", "1"]
    assert lines[1][-1] == '{"day": "2026-01-02", "raw": "01"}'
    assert lines[3] == [""] * 8
    assert written("csv", ROWS.slice(0, 0)).decode().splitlines() == [",".join(f'"{name}"' for name in lines[0])]


def test_parquet_keeps_types() -> None:
    found = pq.read_table(io.BytesIO(written("parquet")))
    assert found.schema.names == ROWS.schema.names
    assert [str(found.schema.field(name).type) for name in ("size", "total", "time")] == [
        "int64",
        "decimal128(38, 0)",
        "timestamp[us]",
    ]
    assert found.drop_columns(["share"]).to_pylist() == ROWS.drop_columns(["share"]).to_pylist()


def test_a_table_is_readable() -> None:
    lines = written("table", ROWS.select(["size", "share", "flag", "list"])).decode().splitlines()
    assert [line.split() for line in lines] == [
        ["size", "share", "flag", "list"],
        [lines[1]],
        ["1", "0.333333", "true", "[x,", "y]"],
        ["1152921504606846976", "nan", "false", "[]"],
        ["NULL", "NULL", "NULL", "NULL"],
        ["(3", "rows)"],
    ]
    assert lines[2].startswith("                  1   ")


def test_a_long_table_is_cut_and_counts_its_rows() -> None:
    lines = written("table", pa.table({"n": range(1_234)})).decode().splitlines()
    assert len(lines) == 2 + formats.ROWS_SHOWN + 1
    assert lines[-1] == "(1,234 rows, the first 200 shown)"


def test_a_table_is_not_wider_than_its_terminal() -> None:
    shown = written("table", pa.table({"text": ["word " * 50]}), 40).decode()
    lines = re.sub("\x1b\\[[0-9;]*m", "", shown).splitlines()
    assert max(map(len, lines)) <= 40
    assert sum(line.count("word") for line in lines) == 50


ODD = pa.table(
    {
        "span": pa.array([pa.MonthDayNano([14, 1, 90_500_000_000])]),
        "bytes": pa.array([b"\x05\xfd"]),
        "nanoseconds": pa.array([123_456_789], pa.timestamp("ns")),
        "far": pa.array([105_200_797], pa.date32()),
    }
)


def test_values_that_python_or_csv_lack_are_text() -> None:
    (found,) = json.loads(written("json", ODD))
    assert (found["span"], found["bytes"]) == ("P14M1DT90.5S", "05fd")
    assert found["nanoseconds"].endswith(".123456789")
    assert found["far"] == "290000-01-01"
    assert list(csv.reader(io.StringIO(written("csv", ODD).decode())))[1] == list(found.values())
    assert written("table", ODD).decode().splitlines()[2].split()[:2] == ["P14M1DT90.5S", "05fd"]


def test_json_keeps_all_digits_of_decimals() -> None:
    numbers = [Decimal("123456789.123456789"), Decimal("-0.10"), None]
    rows = pa.table({"d": pa.array(numbers, pa.decimal128(38, 9)), "l": pa.array([[number] for number in numbers])})
    for line, number in zip(written("jsonl", rows).splitlines(), numbers, strict=True):
        assert json.loads(line, parse_float=Decimal) == {"d": number, "l": [number]}
    assert b"123456789.123456789" in written("csv", rows)


FAR = [
    "DATE 'infinity'",
    "DATE '-infinity'",
    "DATE '12345-01-01'",
    "DATE '0044-03-15 (BC)'",
    "TIMESTAMP 'infinity'",
    "TIMESTAMP '-infinity'",
    "TIMESTAMP '290000-01-02 03:04:05.000006'",
    "TIMESTAMP '0044-03-15 (BC) 01:02:03'",
    "TIMESTAMPTZ '12345-01-01 00:00:00+00'",
    "TIMESTAMP_S 'infinity'",
    "TIMESTAMP_NS 'infinity'",
    "TIMESTAMP_NS '2026-02-03 04:05:06.123456789'",
    "TIME_NS '04:05:06.123456789'",
]


@pytest.mark.parametrize("form", ["{}", "[NULL, {}]", "{{'a': [{}]}}", "MAP {{'k': {}}}", "union_value(k := {})"])
@pytest.mark.parametrize("value", FAR)
def test_far_and_infinite_times_have_the_text_of_duckdb(value: str, form: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        [(text,)] = connection.sql(f"SELECT CAST({value} AS VARCHAR)").fetchall()
        rows = connection.sql(f"SELECT {form.format(value)} AS v, 1 AS n").to_arrow_table()
    for format in ("table", "json", "jsonl", "csv"):
        assert text.encode() in written(format, rows)


def test_parquet_rejects_unsupported_types() -> None:
    with pytest.raises(Unsupported, match="column span"):
        written("parquet", ODD)


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_names_that_repeat_are_numbered(format: str) -> None:
    rows = pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])
    assert json.loads(written(format, rows).strip(b"[\n]")) == {"a": 1, "a_1": 2}
