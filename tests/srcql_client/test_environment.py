"""SRCQL_CATALOG names the same warehouse at every door, and a misspelt variable is reported."""

import json
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
from .shell import Ended

COUNT = "SELECT count(*) AS n FROM observations"


@pytest.fixture(params=["below a folder", "without a folder"])
def variables(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The variables of a warehouse in another catalog, with files below a folder or where the catalog decides."""
    properties = {"type": "sql", "uri": f"sqlite:///{tmp_path}/mine.db", "warehouse": f"file://{tmp_path}/files"}
    folder = {"SRCQL_WAREHOUSE": str(tmp_path / "w")} if request.param == "below a folder" else {}
    return {"SRCQL_CATALOG": json.dumps(properties), **folder}


def test_every_door_opens_the_same_catalog(
    srcql: Callable[..., Ended], variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(observations(), tmp_path / "rows.parquet")
    done = srcql("import", "parquet", tmp_path / "rows.parquet", "--table", "observations", **variables)
    assert done.stdout == "rows.parquet: 4 rows added to observations\n"
    assert srcql("status", **variables).stdout.splitlines()[2].split() == ["d", "1", "2", "1", "4"]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with srcql_client.connect() as lakehouse:
        assert lakehouse.query(COUNT).to_pylist() == [{"n": 4}]
    with Server(Settings.from_environment()) as server, srcql_client.connect(server.uri) as lakehouse:
        assert lakehouse.query(COUNT).to_pylist() == [{"n": 4}]
    assert not list(tmp_path.rglob("catalog.db"))


def test_a_folder_of_another_catalog_is_not_opened_without_it(
    srcql: Callable[..., Ended], variables: dict[str, str], tmp_path: Path
) -> None:
    pq.write_table(observations(), tmp_path / "rows.parquet")
    to = ("--table", "observations", "--warehouse", tmp_path / "w")
    assert srcql("import", "parquet", tmp_path / "rows.parquet", *to, **variables).returncode == 0
    found = srcql("status", "--warehouse", tmp_path / "w")
    assert (found.returncode, "set SRCQL_CATALOG instead" in found.stderr) == (1, True)
    other = srcql("status", "--warehouse", tmp_path / "v", SRCQL_CATALOG=variables["SRCQL_CATALOG"])
    assert f"the tables of the catalog are in {tmp_path}/w, not in {tmp_path}/v" in other.stderr


@pytest.mark.parametrize("command", [["restore", "w"], ["relocate", "w"], ["demo"]])
def test_commands_on_a_folder_reject_another_catalog(srcql: Callable[..., Ended], command: list[str]) -> None:
    found = srcql(*command, SRCQL_CATALOG='{"type": "rest"}')
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith(f"srcql {command[0]} works on the catalog in a folder, not on that of SRCQL_CATALOG")


@pytest.mark.parametrize("text", ["rest", "[1]", '{"port": 1}'])
def test_an_invalid_catalog_is_reported(srcql: Callable[..., Ended], text: str) -> None:
    found = srcql("status", "--warehouse", "w", SRCQL_CATALOG=text)
    assert found.stderr == f"expected SRCQL_CATALOG to be a JSON object of texts, found {text!r}\n"


def test_a_server_and_a_catalog_are_two_lakehouses(srcql: Callable[..., Ended]) -> None:
    found = srcql("status", SRCQL_SERVER="grpc://127.0.0.1:1", SRCQL_CATALOG='{"type": "rest"}')
    assert (found.returncode, "found both" in found.stderr) == (2, True)


def test_without_a_location_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SRCQL_WAREHOUSE", raising=False)
    with pytest.raises(errors.Unsupported, match="found none"):
        srcql_client.connect()


def test_a_misspelt_variable_is_reported(srcql: Callable[..., Ended]) -> None:
    found = srcql("status", SRCQL_WAREHUOSE="w", SRCQL_STATEMENT_TIMEOUT="3")
    assert found.stderr.splitlines()[:2] == [
        "unknown environment variable SRCQL_WAREHUOSE is ignored",
        "  hint: did you mean SRCQL_WAREHOUSE?",
    ]
    assert "STATEMENT_TIMEOUT" not in found.stderr


def test_the_module_of_the_server_takes_no_arguments() -> None:
    command = [sys.executable, "-m", "flight_server", "--listen", "grpc://127.0.0.1:0"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith("expected no arguments, found --listen grpc://127.0.0.1:0\n  hint: use srcql serve")
