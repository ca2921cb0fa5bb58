"""A real server, a lakehouse over the wire and embedded, and the command line."""

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import srcql_client
from flight_server.server import Server
from flight_server.settings import Settings
from lakehouse import open_warehouse
from srcql_client import Connection
from srcql_client.cli import main

from .shell import Ended


@pytest.fixture
def uri(tmp_path: Path) -> Iterator[str]:
    with Server(Settings(warehouse=str(tmp_path / "served"))) as server:
        yield server.uri


@pytest.fixture(params=["wire", "embedded"])
def lakehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    if request.param == "embedded":
        open_warehouse(tmp_path / "embedded").close()
    location = request.getfixturevalue("uri") if request.param == "wire" else tmp_path / "embedded"
    with srcql_client.connect(location) as connection:
        yield connection


@pytest.fixture
def srcql(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run the function of the console script in this process, on the real file descriptors."""

    def run(*arguments: str | Path, typed: str = "", **environment: str) -> Ended:
        with monkeypatch.context() as shell:
            for name in ("SRCQL_SERVER", "SRCQL_WAREHOUSE", "SRCQL_CATALOG"):
                shell.delenv(name, raising=False)
            for name, value in environment.items():
                shell.setenv(name, value)
            shell.setattr(sys, "argv", ["srcql", *map(str, arguments)])
            shell.setattr(sys, "stdin", io.StringIO(typed))
            capfd.readouterr()
            with pytest.raises(SystemExit) as ended:
                main()
        return Ended(*capfd.readouterr(), returncode=int(ended.value.code or 0))

    return run
