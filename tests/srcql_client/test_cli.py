"""The command line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import srcql_client
from srcql_client import formats

from .rows import observations
from .shell import Ended, served
from .test_arena import PIVOTED, X, cell, export, oracle, sheet
from .test_solr import unit, written


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled") / "w"
    with srcql_client.connect(folder) as lakehouse:
        lakehouse.ingest("observations", observations())
    return folder


CLUSTER = "SELECT size, implementations FROM (CLUSTER FROM d)"
ROW = '{"size": 2, "implementations": ["i1", "i2"]}\n'


def test_a_query_is_an_argument_a_file_or_standard_input(
    srcql: Callable[..., Ended], filled: Path, tmp_path: Path
) -> None:
    (tmp_path / "q.sql").write_text(CLUSTER)
    to = ("--warehouse", filled, "--format", "jsonl")
    for found in (
        srcql("query", CLUSTER, *to),
        srcql("query", "--file", tmp_path / "q.sql", *to),
        srcql("query", "-", *to, typed=CLUSTER),
        srcql("query", CLUSTER, "--format", "jsonl", SRCQL_WAREHOUSE=str(filled)),
        srcql("query", CLUSTER, *to, SRCQL_SERVER="grpc://127.0.0.1:1"),
    ):
        assert (found.stdout, found.stderr, found.returncode) == (ROW, "", 0)


def test_a_server_returns_the_same(srcql: Callable[..., Ended], tmp_path: Path) -> None:
    pq.write_table(observations(), tmp_path / "rows.parquet")
    with served(tmp_path / "w") as (_, uri):
        found = srcql("import", "parquet", tmp_path / "rows.parquet", "--table", "observations", "--server", uri)
        assert (found.stdout, found.stderr) == ("rows.parquet: 4 rows added to observations\n", "")
        assert srcql("query", CLUSTER, "--format", "jsonl", "--server", uri).stdout == ROW
        assert srcql("status", SRCQL_SERVER=uri).stdout.splitlines()[2].split() == ["d", "1", "2", "1", "4"]


def test_rows_are_written_to_a_file(srcql: Callable[..., Ended], filled: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    found = srcql("query", CLUSTER, "--warehouse", filled, "--format", "parquet", "-o", out)
    assert (found.stdout, found.returncode) == ("", 0)
    assert pq.read_table(out).to_pylist() == [json.loads(ROW)]


def test_a_query_that_fails_leaves_no_file(srcql: Callable[..., Ended], filled: Path, tmp_path: Path) -> None:
    failing = "SELECT CASE WHEN i > 900000 THEN error('too late') ELSE i END AS i FROM range(1000000) t(i)"
    out = tmp_path / "out.csv"
    found = srcql("query", failing, "--warehouse", filled, "--format", "csv", "-o", out)
    assert (found.stdout, found.returncode) == ("", 1)
    assert "too late" in found.stderr
    assert not out.exists()


@pytest.mark.parametrize(("format", "first"), [("jsonl", '{"range": 0}'), ("table", "long")])
def test_a_closed_pipe_is_not_an_error(filled: Path, format: str, first: str) -> None:
    text = "FROM range(3000000)" if format == "jsonl" else "SELECT repeat('x', 10000) AS long FROM range(200)"
    command = [sys.executable, "-m", "srcql_client.cli", "query", text, "--format", format]
    with subprocess.Popen(
        [*command, "--warehouse", str(filled)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().strip() == first
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_an_error_of_the_user_is_printed(srcql: Callable[..., Ended], filled: Path) -> None:
    found = srcql("query", "CLUSTER FROM e", "--warehouse", filled)
    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr.splitlines()[:3] == [
        "line 1, column 14: unknown data set e",
        "  CLUSTER FROM e",
        " " * 15 + "^",
    ]
    assert "Traceback" not in found.stderr
    gone = srcql("status", "--server", "grpc://127.0.0.1:1")
    assert (gone.returncode, gone.stderr.splitlines()[0]) == (1, "no server answers at grpc://127.0.0.1:1")
    outside = srcql("status", "--server", "grpc://127.0.0.1:70000")
    assert (outside.returncode, outside.stderr) == (1, "expected a port from 0 to 65535, found 70000\n")


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["query", "SELECT 1"], {}, "found none"),
        (["status", "--server", "grpc://h:1", "--warehouse", "w"], {}, "found both"),
        (["status"], {"SRCQL_SERVER": "grpc://h:1", "SRCQL_WAREHOUSE": "w"}, "found both"),
        (["status", "--warehouse", ""], {}, "found none"),
        (["status"], {"SRCQL_WAREHOUSE": ""}, "found none"),
        (["status", "--server", "w"], {}, "expected grpc://host:port, found w"),
        (["query", "--warehouse", "w"], {}, "expected one query, found none"),
        (["query", "SELECT 1", "--file", "q", "--warehouse", "w"], {}, "found TEXT and --file"),
        (["query", "--file", "missing.sql", "--warehouse", "w"], {}, "missing.sql cannot be read"),
        (["query", "SELECT '\udcff'", "--warehouse", "w"], {}, "the query is not UTF-8"),
        (["query", "SELECT 1", "--format", "xml", "--warehouse", "w"], {}, "xml"),
        (["import", "arena", "x.parquet", "--warehouse", "w"], {}, "--data-set"),
        (["import", "solr", "x.json", "--warehouse", "w"], {}, "--data-set"),
        (["import", "parquet", "x.parquet", "--warehouse", "w"], {}, "--table"),
        (["cluster"], {}, "cluster"),
    ],
)
def test_wrong_usage_is_reported(
    srcql: Callable[..., Ended], arguments: list[str], environment: dict[str, str], words: str
) -> None:
    found = srcql(*arguments, **environment)
    assert found.returncode == 2
    assert words in found.stderr
    assert not Path("w").exists()


def test_an_arena_export_is_imported_once(srcql: Callable[..., Ended], tmp_path: Path) -> None:
    export(tmp_path, cell(), cell(Y=1), oracle(0, "null"), sheet('{"cells":{"B1":"create"}}'))
    command = ("import", "arena", tmp_path / "export.parquet", "--data-set", "D", "--warehouse", tmp_path / "w")
    assert srcql(*command).stdout.splitlines() == [
        "export.parquet: 1 row added to tests",
        "export.parquet: 3 rows added to observations",
    ]
    again = srcql(*command)
    assert again.returncode == 0
    assert again.stdout.splitlines() == [
        "export.parquet: 0 rows added to tests (1 already there)",
        "export.parquet: 0 rows added to observations (3 already there)",
    ]
    with srcql_client.connect(tmp_path / "w") as lakehouse:
        assert lakehouse.query("SELECT count(*) AS n FROM observations")["n"].to_pylist() == [3]
        (specified,) = lakehouse.query("FROM observations WHERE specified_oracle").to_pylist()
    assert (specified["implementation_id"], specified["response_kind"]) == ("oracle", "UNDEFINED")


def test_a_solr_export_is_imported_once(srcql: Callable[..., Ended], tmp_path: Path) -> None:
    command = ("import", "solr", written(tmp_path, [unit(), unit(id="s2")]), "--data-set", "D", "--warehouse")
    for said in ("2 rows added to code_implementations", "0 rows added to code_implementations (2 already there)"):
        found = srcql(*command, tmp_path / "w")
        assert (found.stdout, found.stderr, found.returncode) == (f"solr.json: {said}\n", "", 0)
    with srcql_client.connect(tmp_path / "w") as lakehouse:
        assert lakehouse.query("FROM code_implementations").num_rows == 2


def test_a_folder_of_parquet_files_is_imported(srcql: Callable[..., Ended], filled: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows"
    out.mkdir()
    for name in "ab":
        of = f"SELECT * REPLACE ('{name}' AS data_set_id) FROM observations"
        srcql("query", of, "--warehouse", filled, "--format", "parquet", "-o", out / f"{name}.parquet")
    found = srcql("import", "parquet", out, "--table", "observations", "--warehouse", tmp_path / "w")
    assert found.stdout.splitlines() == [f"{name}.parquet: 4 rows added to observations" for name in "ab"]
    status = srcql("status", "--warehouse", tmp_path / "w").stdout.splitlines()
    assert [line.split()[0] for line in status[2:4]] == ["a", "b"]
    assert status[4].startswith("2 files, ")


def test_a_terminal_shows_progress(tmp_path: Path) -> None:
    pq.write_table(observations(), tmp_path / "rows.parquet")
    terminal, theirs = os.openpty()
    command = [sys.executable, "-m", "srcql_client.cli", "import", "parquet", "rows.parquet", "--table", "observations"]
    subprocess.run([*command, "--warehouse", "w"], cwd=tmp_path, stderr=theirs, stdout=subprocess.PIPE, check=True)
    os.close(theirs)
    seen = os.read(terminal, 100_000).decode()
    os.close(terminal)
    assert "rows.parquet: observations" in seen
    assert "4/?" in seen


@pytest.mark.parametrize(
    ("table", "command", "words"),
    [
        (PIVOTED, ["arena", "--data-set", "D"], "found the pivoted export"),
        (pa.table({"data_set_id": ["d"]}), ["parquet", "--table", "tests"], "found no column problem_id, test_id"),
        (pa.table({"a": [1]}), ["parquet", "--table", "test"], "did you mean tests?"),
    ],
)
def test_an_invalid_file_is_reported(
    srcql: Callable[..., Ended], tmp_path: Path, table: pa.Table, command: list[str], words: str
) -> None:
    pq.write_table(table, tmp_path / "x.parquet")
    found = srcql("import", command[0], tmp_path / "x.parquet", *command[1:], "--warehouse", tmp_path / "w")
    assert found.returncode == 1
    assert words in found.stderr
    assert "Traceback" not in found.stderr


def test_the_version_is_shown(srcql: Callable[..., Ended]) -> None:
    found = srcql("--version")
    assert (found.stdout, found.stderr, found.returncode) == (f"srcql {version('srcql')}\n", "", 0)


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_shells_complete_commands(srcql: Callable[..., Ended], name: str) -> None:
    assert "_SRCQL_COMPLETE" in srcql("--show-completion", name).stdout
    words = {"_SRCQL_COMPLETE": "complete_bash", "COMP_WORDS": "srcql import ", "COMP_CWORD": "2"}
    assert srcql(**words).stdout.split() == ["arena", "solr", "parquet", "jsonl", "csv"]


def test_an_internal_error_prints_no_traceback(
    srcql: Callable[..., Ended], filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "FORMATS", {})
    found = srcql("query", "SELECT 1", "--warehouse", filled)
    assert found.returncode == 1
    line = formats.write.__code__.co_firstlineno + 2
    assert found.stderr.splitlines() == [
        f"internal error: KeyError: <Format.TABLE: 'table'> (formats.py, line {line})",
        "  hint: this is a bug in srcql; report it with the command that you ran",
    ]


def test_the_command_line_imports_no_heavy_packages() -> None:
    heavy = "{'pyarrow', 'duckdb', 'pyiceberg', 'sqlglot', 'numpy', 'rich.table'}"
    code = f"import sys, srcql_client.cli; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_the_published_export_by_the_command_line(srcql: Callable[..., Ended], data: Path, tmp_path: Path) -> None:
    to = ("--warehouse", tmp_path / "w")
    assert srcql("import", "arena", data / X, "--data-set", "HumanEval", *to).stdout.endswith(
        "34,400 rows added to observations\n"
    )
    for text, clusters in (("USING EXACT", 1431), ("USING EXACT EXCEPTIONS TYPE", 1426), ("", 1425)):
        found = srcql("query", f"CLUSTER FROM HumanEval {text}", *to, "--format", "jsonl")
        assert len(found.stdout.splitlines()) == clusters
