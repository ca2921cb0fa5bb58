"""A real server, and a lakehouse reached in both ways."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import srcql_client
from flight_server.server import Server
from flight_server.settings import Settings
from srcql_client import Connection


@pytest.fixture
def uri(tmp_path: Path) -> Iterator[str]:
    with Server(Settings(warehouse=str(tmp_path / "served"))) as server:
        yield server.uri


@pytest.fixture(params=["wire", "embedded"])
def lakehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    location = request.getfixturevalue("uri") if request.param == "wire" else tmp_path / "embedded"
    with srcql_client.connect(location) as connection:
        yield connection
