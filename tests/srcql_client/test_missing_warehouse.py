"""Only what writes creates a warehouse; what reads names the folder that has none."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import srcql_client
from flight_server.server import Server
from flight_server.settings import Settings
from srcql import errors

from .rows import observations
from .shell import Ended, served


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["query", "SELECT count(*) FROM observations"],
        ["query", "FROM problems"],
        ["query", "SHOW TABLES"],
        ["query", "CLUSTER FROM demo"],
        ["diff", "--commit", "a", "--to", "b"],
    ],
    ids=" ".join,
)
def test_reading_creates_no_warehouse(srcql: Callable[..., Ended], tmp_path: Path, arguments: list[str]) -> None:
    found = srcql(*arguments, "--warehouse", tmp_path / "typo")
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.splitlines() == [
        f"{tmp_path}/typo contains no warehouse",
        "  hint: check the path; ingest, srcql import and srcql serve create a warehouse",
    ]
    assert not list(tmp_path.iterdir())


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, whose standard error has its log."""
    line = [sys.executable, "-m", "srcql_client.cli", *arguments, "--warehouse", "w"]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, check=True)


@pytest.mark.parametrize("text", ["SELECT 1 AS size", "SELECT size FROM (CLUSTER FROM *)"])
def test_a_query_of_no_table_needs_no_warehouse(tmp_path: Path, text: str) -> None:
    found = command(tmp_path, "query", text, "--format", "csv")
    assert found.stdout.splitlines()[0] == '"size"'
    assert found.stderr == f"{tmp_path}/w contains no warehouse; the query reads an empty lakehouse\n"
    assert not list(tmp_path.iterdir())


def test_an_import_says_that_it_created_a_warehouse(tmp_path: Path) -> None:
    pq.write_table(observations(), tmp_path / "rows.parquet")
    errors = [command(tmp_path, "import", "parquet", "rows.parquet", "--table", "observations").stderr for _ in "ab"]
    assert errors == [f"created warehouse {tmp_path}/w\n", ""]


def test_a_server_says_that_it_created_a_warehouse(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for created in (True, False):
        with Server(Settings(warehouse=str(tmp_path / "w"))):
            pass
        logged = capfd.readouterr().err
        assert ('"event": "warehouse_created"' in logged and f"{tmp_path}/w" in logged) is created


def test_a_folder_is_created_by_its_first_ingest(tmp_path: Path) -> None:
    with srcql_client.connect(tmp_path / "w") as lakehouse:
        for read in (lakehouse.status, lambda: lakehouse.query("FROM tests")):
            with pytest.raises(errors.StoreError, match=f"{tmp_path}/w contains no warehouse"):
                read()
        with pytest.raises(errors.InvalidData):
            lakehouse.ingest("observations", "missing.parquet")
        assert not list(tmp_path.iterdir())
        assert lakehouse.ingest("observations", observations()).added == 4
        assert lakehouse.status().data_sets[0].rows == 4


def test_a_warehouse_that_another_process_created_is_seen(tmp_path: Path) -> None:
    with srcql_client.connect(tmp_path / "w") as early:
        with srcql_client.connect(tmp_path / "w") as other:
            other.ingest("observations", observations())
        assert early.query("SELECT count(*) AS n FROM observations").to_pylist() == [{"n": 4}]


@pytest.mark.parametrize("address", ["localhost:4000", "127.0.0.1:4000", "lake.example.org:1", "[::1]:4000", "h:1/"])
def test_an_address_without_scheme_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.Unsupported) as caught:
        srcql_client.connect(address)
    assert caught.value.hint == f"use grpc://{address} for a server, ./{address} for a folder"
    with srcql_client.connect(f"./{address}") as lakehouse:
        assert lakehouse.ingest("observations", observations()).added == 4


def test_no_data_sets_yet_names_the_lakehouse(srcql: Callable[..., Ended], tmp_path: Path) -> None:
    with served(tmp_path / "w") as (_, uri):
        for option, place in (("--server", uri), ("--warehouse", tmp_path / "w")):
            found = srcql("query", "CLUSTER FROM demo", option, place)
            assert found.stderr.splitlines()[-1] == f"  hint: there are no data sets yet in {place}"
            assert srcql("status", option, place).stdout.startswith(f"no observations yet in {place}\n")
