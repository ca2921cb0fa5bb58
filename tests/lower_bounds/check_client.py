"""What the base package does without sqlglot of the right version, without the store, and on old packages.

Runs in the environment of `test_lower_bounds.py`, on the server at SRCQL_URI.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from importlib.metadata import requires, version
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot

import srcql
import srcql_client
from srcql_client import Connection
from tests.third_party_clients.rows import observations

URI = os.environ.get("SRCQL_URI", "")  # empty where the module is only collected
COMMAND = str(Path(sys.executable).with_name("srcql"))


@pytest.fixture
def lakehouse() -> Iterator[Connection]:
    with srcql_client.connect(URI) as connection:
        yield connection


def command(*arguments: object, code: int = 0) -> str:
    """Run the command line, and return its output or, if it is to fail, its error."""
    environment = {
        name: value for name, value in os.environ.items() if name != "SRCQL_URI"
    }  # no setting of the command
    line = [COMMAND, *map(str, arguments)]
    ended = subprocess.run(line, capture_output=True, text=True, check=False, env=environment)
    assert ended.returncode == code, ended.stderr
    return ended.stderr if code else ended.stdout


def test_the_versions_are_the_oldest() -> None:
    bounds = [bound for bound in requires("srcql") or [] if "extra" not in bound]
    assert len(bounds) == 6
    for name, oldest in (bound.split(">=") for bound in bounds):
        assert version(name).startswith(oldest), name
    assert int(sqlglot.__version__.split(".")[0]) < 29


def test_rows_are_stored_and_queried(lakehouse: Connection) -> None:
    assert lakehouse.ingest("observations", observations("Stored")).added == 12
    assert lakehouse.query("SELECT size FROM (CLUSTER FROM Stored.gcd) ORDER BY size").to_pylist() == [
        {"size": 1},
        {"size": 2},
    ]
    assert "Stored" in [each.data_set_id for each in lakehouse.status().data_sets]


def test_values_of_many_types_are_read(lakehouse: Connection) -> None:
    text = (
        "SELECT 1::DECIMAL(38, 0) AS a, 1.5::DECIMAL(4, 1) AS b, DATE '2026-01-02' AS c, [1, NULL] AS d, NULL AS i,"
        " {'x': 'y'} AS e, MAP {'k': 1} AS f, '\\x00'::BLOB AS g, TIMESTAMP '2026-01-02' AS h"
    )
    (row,) = lakehouse.query(text).to_pylist()
    assert row == {
        **{"a": Decimal(1), "b": Decimal("1.5"), "c": date(2026, 1, 2), "d": [1, None], "e": {"x": "y"}},
        **{"f": [("k", 1)], "g": b"\0", "h": datetime(2026, 1, 2), "i": None},
    }


def test_an_error_has_its_place(lakehouse: Connection) -> None:
    with pytest.raises(srcql_client.UnknownName, match="line 1, column 14: unknown data set Nowhere"):
        lakehouse.query("CLUSTER FROM Nowhere")


def test_rejected_rows_name_their_column(lakehouse: Connection) -> None:
    with pytest.raises(srcql_client.InvalidData, match="test_id"):
        lakehouse.ingest("observations", observations().drop_columns(["test_id"]))


@pytest.mark.parametrize("format", ["table", "json", "jsonl", "csv", "parquet"])
def test_the_command_line_writes_every_format(tmp_path: Path, format: str) -> None:
    file = tmp_path / "rows"
    query = "SELECT [1] AS list, 2.50 AS number, 'text' AS text"
    command("query", query, "--server", URI, "--format", format, "-o", file)
    assert (pq.read_table(file).num_rows == 1) if format == "parquet" else b"text" in file.read_bytes()


def test_the_command_line_imports_and_compares(tmp_path: Path) -> None:
    pq.write_table(observations("Imported"), tmp_path / "rows.parquet")
    unit = {"id": "u", "abstractionId": "p", "content": "class U {}"}
    (tmp_path / "units.json").write_text(json.dumps([unit]))
    shown = command("import", "parquet", tmp_path / "rows.parquet", "--table", "observations", "--server", URI)
    assert shown == "rows.parquet: 12 rows added to observations\n"
    shown = command("import", "solr", tmp_path / "units.json", "--data-set", "Imported", "--server", URI)
    assert shown == "units.json: 1 row added to code_implementations\n"
    for format in ("terminal", "markdown", "json", "junit"):
        shown = command(*("diff", "--run", "r1", "--to", "r1", "Imported", "--server", URI, "--format", format))
        assert "COMPARED" in shown
    assert "Imported" in command("status", "--server", URI)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("serve", "--warehouse", "W"), "a server needs the package "),
        (("query", "SELECT 1", "--warehouse", "W"), "a warehouse in a folder needs the package "),
        (
            ("diff", "--run", "r1", "--to", "r1", "D", "--fail-on", "flaky", "--server", URI),
            "--fail-on flaky needs another version of the package sqlglot: "
            f"the language needs sqlglot>=30.30,<31, found {sqlglot.__version__}\n",
        ),
    ],
)
def test_a_command_names_the_extra_that_it_needs(arguments: tuple[str, ...], message: str) -> None:
    error = command(*arguments, code=1)
    assert error.startswith(message)
    assert "  hint: pip install 'srcql[" in error


def test_an_arena_export_needs_duckdb(tmp_path: Path) -> None:
    names = "EXECUTIONID ABSTRACTIONID ACTIONID ARENAID SHEETID SYSTEMID VARIANTID ADAPTERID TYPE VALUE LASTMODIFIED"
    export = pa.table({name: ["x"] for name in (*names.split(), "X", "Y", "EXECUTIONTIME")})
    pq.write_table(export, tmp_path / "export.parquet")
    error = command("import", "arena", tmp_path, "--data-set", "A", "--server", URI, code=1)
    expected = "the arena importer needs the package duckdb, which is not installed"
    assert error == f"{expected}\n  hint: pip install 'srcql[arena]'\n"


def test_the_language_names_the_sqlglot_that_it_needs() -> None:
    with pytest.raises(ImportError, match=r"the language needs sqlglot>=30\.30,<31, found 2"):
        srcql.compile("CLUSTER FROM D")


def test_an_old_sqlglot_does_without_the_dialect() -> None:
    assert sqlglot.transpile("SELECT 1", read="duckdb") == ["SELECT 1"]
    with pytest.raises(ValueError, match="Unknown dialect 'srcql'"):
        sqlglot.transpile("SELECT 1", read="srcql")
