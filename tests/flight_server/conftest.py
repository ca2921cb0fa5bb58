"""Servers on free ports with warehouses in temporary folders."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import adbc_driver_flightsql.dbapi as flight_sql
import pyarrow.flight as flight
import pytest

from flight_server.server import Server
from flight_server.settings import Settings
from tests.flight_server.rpc import connect, observations, put


@pytest.fixture
def start(tmp_path: Any) -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server with the settings of a test; all servers share a warehouse."""
    with ExitStack() as servers:
        yield lambda **settings: servers.enter_context(
            Server(Settings(warehouse=str(tmp_path / "warehouse"), **settings))
        )


@pytest.fixture
def server(start: Callable[..., Server]) -> Server:
    return start()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with observations, for tests that only read."""
    with Server(Settings(warehouse=str(tmp_path_factory.mktemp("filled") / "warehouse"))) as running:
        with flight.connect(running.uri) as client:
            put(client, flight.FlightDescriptor.for_path("observations"), observations())
        yield running


@pytest.fixture
def client(filled: Server) -> Iterator[flight.FlightClient]:
    with flight.connect(filled.uri) as connected:
        yield connected


@pytest.fixture
def sql(filled: Server) -> Iterator[flight_sql.Connection]:
    with connect(filled) as connection:
        yield connection
