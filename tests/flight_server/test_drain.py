"""Shutdown: a server finishes running work and rejects new work."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pyarrow.flight as flight
import pytest

from flight_server.settings import InvalidSetting
from tests.flight_server.rpc import connect, observations, put, query

LONG = "SELECT range FROM range(20000000)"
ENDLESS = "SELECT range FROM range(100000000000)"


@contextmanager
def process(folder, **settings):
    """Start a server process; yield it and its URI."""
    environment = {f"SRCQL_{name.upper()}": str(value) for name, value in settings.items()}
    with subprocess.Popen(
        [sys.executable, "-m", "flight_server"],
        env={**os.environ, "SRCQL_WAREHOUSE": str(folder / "warehouse"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running, running.stdout.readline().strip()
        finally:
            running.kill()


def wait_for_rejection(client):
    """Wait until the server rejects new work, and return the error."""
    while True:
        try:
            query(client, "SELECT 1 AS one")
        except flight.FlightUnavailableError as error:
            return str(error)


def test_sigterm_while_a_stream_runs(tmp_path):
    with process(tmp_path) as (server, uri), flight.connect(uri) as client:
        stream = client.do_get(flight.Ticket(LONG.encode()))
        rows = stream.read_chunk().data.num_rows
        server.send_signal(signal.SIGTERM)
        assert "shutting down" in wait_for_rejection(client)
        assert rows + sum(chunk.data.num_rows for chunk in stream) == 20_000_000
        _, log = server.communicate(timeout=30)
        assert server.returncode == 0
        assert "Traceback" not in log


def test_sigterm_on_an_idle_server(tmp_path):
    with process(tmp_path) as (server, uri):
        with flight.connect(uri) as client:
            put(client, flight.FlightDescriptor.for_path("observations"), observations())
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
    with process(tmp_path) as (_, uri), flight.connect(uri) as client:
        assert query(client, "SELECT count(*) AS n FROM observations").to_pydict() == {"n": [12]}


def test_statements_are_stopped_after_the_grace_period(tmp_path):
    with process(tmp_path, grace=0.1) as (server, uri), flight.connect(uri) as client:
        stream = client.do_get(flight.Ticket(ENDLESS.encode()))
        stream.read_chunk()
        server.send_signal(signal.SIGTERM)
        with pytest.raises(flight.FlightUnavailableError, match="shutting down"):
            sum(1 for _ in stream)
        assert server.wait(30) == 0


def test_client_that_never_reads_does_not_block_shutdown(tmp_path):
    with process(tmp_path, grace=0.1) as (server, uri), flight.connect(uri) as client:
        stream = client.do_get(flight.Ticket(ENDLESS.encode()))
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
        del stream


def test_second_signal_ends_the_process_at_once(tmp_path):
    with process(tmp_path, grace=600) as (server, uri), flight.connect(uri) as client:
        stream = client.do_get(flight.Ticket(ENDLESS.encode()))
        stream.read_chunk()
        server.send_signal(signal.SIGTERM)
        wait_for_rejection(client)
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 128 + signal.SIGINT


def test_failed_start_prints_the_reason(tmp_path):
    with process(tmp_path, listen="grpc://0.0.0.0:0") as (server, uri):
        _, log = server.communicate(timeout=30)
    assert (uri, server.returncode) == ("", 1)
    assert "users are required to listen on 0.0.0.0" in log
    assert "Traceback" not in log


def test_address_in_use_is_reported(start):
    address = start().uri
    with pytest.raises(InvalidSetting, match=f"cannot listen on {address}"):
        start(listen=address)


def test_issued_tickets_can_be_fetched_while_draining(start):
    server = start()
    with flight.connect(server.uri) as client, connect(server) as sql, sql.cursor() as cursor:
        stream = client.do_get(flight.Ticket(LONG.encode()))
        rows = stream.read_chunk().data.num_rows
        info = client.get_flight_info(flight.FlightDescriptor.for_command(b"SELECT 1 AS one"))
        with ThreadPoolExecutor(1) as thread:
            shutdown = thread.submit(server.shutdown, 60)
            wait_for_rejection(client)
            with pytest.raises(sql.OperationalError, match="shutting down"):
                cursor.execute("SELECT 1")
            with pytest.raises(flight.FlightUnavailableError, match="shutting down"):
                put(client, flight.FlightDescriptor.for_path("observations"), observations())
            assert client.do_get(info.endpoints[0].ticket).read_all().to_pydict() == {"one": [1]}
            assert not shutdown.done()
            assert rows + sum(chunk.data.num_rows for chunk in stream) == 20_000_000
            assert shutdown.result(60)
