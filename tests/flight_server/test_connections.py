"""Connections must authenticate in time; strangers cannot take all places or much memory."""

import json
import os
import selectors
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import pyarrow.flight as flight
import pytest

from flight_server import connections
from flight_server.connections import DESCRIPTORS
from flight_server.service import MAX_TEXT
from tests.flight_server.accounts import add_user, bearer, token
from tests.flight_server.rpc import query

pytestmark = pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="connections are watched on Linux")
ADA = bearer(token("ada"))
ONE = flight.Ticket(b"SELECT 1 AS one")


def address(uri):
    host, _, port = uri.removeprefix("grpc://").partition(":")
    return host, int(port)


@contextmanager
def silent(uri, number):
    """Connect and say nothing."""
    with ExitStack() as opened:
        yield [opened.enter_context(socket.create_connection(address(uri))) for _ in range(number)]


def wait_until_closed(silent_sockets, number):
    """Wait until the server has closed at least so many connections; they are then readable, and have no bytes."""
    with selectors.DefaultSelector() as selector:
        for each in silent_sockets:
            selector.register(each, selectors.EVENT_READ)
        closed = set()
        while len(closed) < number:
            readable = {key.fileobj for key, _ in selector.select(30)} - closed
            closed |= {each for each in readable if not each.recv(1 << 16)}


@pytest.fixture
def secure(start, tmp_path):
    """Return a function that starts a server with a user; a test calls it so that it captures the whole log."""
    add_user(tmp_path / "users" / "users.json", "ada")
    return lambda: start(users=str(tmp_path / "users" / "users.json"))


def rejections(capfd):
    """Return the reasons for which connections were closed, once there is one."""
    reasons = set()
    while not reasons:
        lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
        assert not [line for line in lines if line["event"] == "login_rejected"]
        reasons = {line["reason"] for line in lines if line["event"] == "connections_closed"}
    return reasons


def test_1100_silent_connections_leave_places(tmp_path):
    """The server may open 1,024 descriptors; it closes the oldest connections that do not authenticate."""
    connections.raise_descriptor_limit()  # of this process
    command = ["bash", "-c", 'ulimit -n 1024 && exec "$0" -m flight_server', sys.executable]
    environment = os.environ | {"SRCQL_WAREHOUSE": str(tmp_path / "warehouse")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            uri = server.stdout.readline().decode().strip()
            with flight.connect(uri) as early, ExitStack() as opened:
                assert query(early, "SELECT 1 AS one").num_rows == 1
                crowd = opened.enter_context(silent(uri, 1100))
                wait_until_closed(crowd, 900)
                with flight.connect(uri) as late:
                    assert query(late, "SELECT 1 AS one").num_rows == 1
                assert query(early, "SELECT 1 AS one").num_rows == 1
        finally:
            server.kill()


def test_connections_of_users_stay_open(secure, monkeypatch, capfd):
    secured = secure()
    monkeypatch.setattr(secured._calls.connections, "_places", 40)
    with flight.connect(secured.uri) as user, silent(secured.uri, 60) as crowd:
        assert user.do_get(ONE, ADA).read_all().num_rows == 1
        wait_until_closed(crowd, 50)
        with silent(secured.uri, 10):
            wait_until_closed(crowd, 60)
        assert user.do_get(ONE, ADA).read_all().num_rows == 1
    assert rejections(capfd) == {"too many connections that have not authenticated"}


def test_connection_must_authenticate_in_time(secure, monkeypatch, capfd):
    secured = secure()
    with flight.connect(secured.uri) as user:
        assert user.do_get(ONE, ADA).read_all().num_rows == 1
        monkeypatch.setattr(connections, "LOGIN_SECONDS", 0.2)
        with silent(secured.uri, 3) as idle:
            wait_until_closed(idle, 3)
        assert len(secured._calls.connections._known) == 1
        assert user.do_get(ONE, ADA).read_all().num_rows == 1
    assert rejections(capfd) == {"not authenticated within 0.2 seconds"}


def test_large_message_of_a_stranger_is_not_read(secure, capfd):
    with flight.connect(secure().uri) as stranger:
        with pytest.raises(flight.FlightUnavailableError):
            stranger.do_get(flight.Ticket(b"x" * 200_000_000)).read_all()
    assert rejections(capfd) == {"8388608 bytes before it authenticated"}


def test_large_message_of_a_user(secure):
    text = b"SELECT 1 AS one --" + b"x" * 10_000_000
    with flight.connect(secure().uri) as user:
        assert user.do_get(ONE, ADA).read_all().num_rows == 1
        assert user.do_get(flight.Ticket(text), ADA).read_all().num_rows == 1


def test_text_of_a_statement_is_bounded(client):
    with pytest.raises(ValueError, match="expected a statement of at most 16,777,216 characters, found 16,777,217"):
        client.do_get(flight.Ticket(b"(" * (MAX_TEXT + 1))).read_all()


def test_closed_connections_are_forgotten(start):
    server = start()
    for _ in range(5):
        with flight.connect(server.uri) as client:
            assert query(client, "SELECT 1 AS one").num_rows == 1
    while server._calls.connections._authenticated or server._calls.connections._known:
        pass


def test_address_of_ipv6_clients(start):
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    server = start(listen="grpc://[::1]:0")
    with flight.connect(server.uri) as client:
        assert query(client, "SELECT 1 AS one").num_rows == 1
        server._calls.connections._look()
        assert list(server._calls.connections._unwanted()) == []
        assert {each.peer for each in server._calls.connections._known.values()} == set(
            server._calls.connections._authenticated
        )
