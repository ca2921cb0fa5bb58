"""Statements stop when their client cancels or disconnects, at a timeout, and on request."""

import os
import signal
import subprocess
import sys
import threading

import adbc_driver_manager
import pyarrow.flight as flight
import pytest

from flight_server import protocol
from flight_server.protocol import message, pack
from tests.flight_server.rpc import connect, query, query_adbc

# computes for hours before its first row
BUSY = "SELECT count(*) FROM range(1000000000000) AS a WHERE hash(a.range) = 7"
ENDLESS = "SELECT range FROM range(100000000000)"


def becomes_idle(server):
    """Return whether all statements of the server end soon."""
    return server.wait_until_idle(30)


def test_server_timeout(start):
    server = start(statement_timeout=0.2)
    with flight.connect(server.uri) as client, pytest.raises(flight.FlightTimedOutError, match=r"longer than 0\.2 s"):
        query(client, BUSY)
    with (
        connect(server) as sql,
        sql.cursor() as cursor,
        pytest.raises(sql.OperationalError, match=r"longer than 0\.2 s"),
    ):
        query_adbc(cursor, BUSY)
    assert becomes_idle(server)


def test_timeout_of_explain_analyze(start):
    server = start(statement_timeout=0.2)
    with flight.connect(server.uri) as client, pytest.raises(flight.FlightTimedOutError, match=r"longer than 0\.2 s"):
        query(client, f"EXPLAIN ANALYZE {BUSY}")
    assert becomes_idle(server)


def test_client_deadline(start):
    server = start()
    options = flight.FlightCallOptions(timeout=0.3)
    with flight.connect(server.uri) as client:
        with pytest.raises(flight.FlightTimedOutError):
            client.do_get(flight.Ticket(BUSY.encode()), options).read_all()
        assert becomes_idle(server)
        assert query(client, "SELECT 1 AS one").num_rows == 1


def test_cancel_by_adbc(start):
    server = start()
    with connect(server) as sql, sql.cursor() as cursor:
        cursor.execute(ENDLESS)
        cursor.fetchone()
        cursor.adbc_cancel()
        with pytest.raises(adbc_driver_manager.OperationalError, match=r"(?i)cancel"):
            for _ in iter(cursor.fetchone, None):
                pass
        assert becomes_idle(server)


def test_cancel_before_the_first_row(start):
    server = start()
    with connect(server) as sql, sql.cursor() as cursor:
        cursor.execute(BUSY)
        threading.Timer(0.2, cursor.adbc_cancel).start()
        with pytest.raises(adbc_driver_manager.OperationalError, match=r"(?i)cancel"):
            cursor.fetchone()
        assert becomes_idle(server)


def test_cancel_a_stream(start):
    server = start()
    with flight.connect(server.uri) as client:
        stream = client.do_get(flight.Ticket(ENDLESS.encode()))
        stream.read_chunk()
        stream.cancel()
        assert becomes_idle(server)


@pytest.mark.parametrize("text", [BUSY, ENDLESS])
def test_killed_client_stops_its_statement(start, text):
    server = start()
    reads = "for chunk in stream: print('a chunk', flush=True)"
    code = (
        "import sys, pyarrow.flight as flight\n"
        "print('begins', flush=True)\n"
        "stream = flight.connect(sys.argv[1]).do_get(flight.Ticket(sys.argv[2].encode()))\n" + reads
    )
    with subprocess.Popen([sys.executable, "-c", code, server.uri, text], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begins\n"
        if text == ENDLESS:
            assert process.stdout.readline() == "a chunk\n"
        os.kill(process.pid, signal.SIGKILL)
    assert becomes_idle(server)
    with flight.connect(server.uri) as client:
        assert query(client, "SELECT 1 AS one").num_rows == 1


def test_slow_reader_does_not_time_out(start):
    server = start(statement_timeout=5.0)
    with flight.connect(server.uri) as client:
        stream = client.do_get(flight.Ticket(b"SELECT range FROM range(3000000)"))
        first = stream.read_chunk().data.num_rows
        assert first + sum(chunk.data.num_rows for chunk in stream) == 3_000_000


def test_cancel_flight_info(start):
    server = start()
    with flight.connect(server.uri) as client:
        info = client.get_flight_info(flight.FlightDescriptor.for_command(ENDLESS))
        stream = client.do_get(info.endpoints[0].ticket)
        stream.read_chunk()
        assert cancel(client, info) == "CANCELLING"
        with pytest.raises(flight.FlightCancelledError, match="cancelled"):
            list(stream)
        with pytest.raises(KeyError, match="unknown statement: it was cancelled"):
            client.do_get(info.endpoints[0].ticket).read_all()
        assert cancel(client, info) == "NOT CANCELLABLE"


def test_cancel_before_reading(client):
    info = client.get_flight_info(flight.FlightDescriptor.for_command(ENDLESS))
    assert cancel(client, info) == "CANCELLED"


def test_cancel_info_without_endpoints(client):
    descriptor = flight.FlightDescriptor.for_command(b"SELECT 1")
    assert cancel(client, flight.FlightInfo(None, descriptor, [])) == "NOT CANCELLABLE"


def test_cancel_query_action(client):
    info = client.get_flight_info(flight.FlightDescriptor.for_command(ENDLESS))
    stream = client.do_get(info.endpoints[0].ticket)
    stream.read_chunk()
    body = pack(message("ActionCancelQueryRequest", info=info.serialize()))
    (response,) = client.do_action(("CancelQuery", body))
    assert protocol.unpack(response.body.to_pybytes()).result == 2
    with pytest.raises(flight.FlightCancelledError, match="cancelled"):
        list(stream)


def cancel(client, info):
    body = message("CancelFlightInfoRequest", info=info.serialize()).SerializeToString()
    (response,) = client.do_action(("CancelFlightInfo", body))
    status = protocol.parse("CancelFlightInfoResult", response.body.to_pybytes()).status
    return {1: "CANCELLED", 2: "CANCELLING", 3: "NOT CANCELLABLE"}[status]
