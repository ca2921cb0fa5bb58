"""Statements above the limit wait in line: each gets its turn, and none waits for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pyarrow.flight as flight
import pytest

from flight_server.protocol import message
from flight_server.slots import Slots
from srcql.errors import Unavailable
from tests.flight_server.rpc import query

ENDLESS = flight.FlightDescriptor.for_command(b"SELECT range FROM range(100000000000)")


@contextmanager
def endless_stream(client):
    """Hold a slot."""
    stream = client.do_get(client.get_flight_info(ENDLESS).endpoints[0].ticket)
    stream.read_chunk()
    try:
        yield
    finally:
        stream.cancel()


def wait_for_line(server, length):
    while len(server._flight._queries._service._slots._waiting) != length:
        pass


def test_busy_server_rejects_no_call(start):
    server = start(statements=2)

    def ask(number):
        with flight.connect(server.uri) as client:
            return query(client, f"SELECT sum(range) + {number} AS n FROM range(100000)")["n"].to_pylist()

    with ThreadPoolExecutor(64) as clients:
        assert list(clients.map(ask, range(64))) == [[4_999_950_000 + number] for number in range(64)]


def test_full_line_rejects_at_once(start):
    server = start(statements=1, queue=1)
    with flight.connect(server.uri) as client, ThreadPoolExecutor(1) as beside:
        with endless_stream(client):
            waiting = beside.submit(query, client, "SELECT 1 AS one")
            wait_for_line(server, 1)
            with pytest.raises(flight.FlightUnavailableError, match="1 statements are already running and 1 wait"):
                query(client, "SELECT 2")
        assert waiting.result().to_pydict() == {"one": [1]}


def test_wait_is_bounded(start):
    with flight.connect(start(statements=1, queue_seconds=0.1).uri) as client, endless_stream(client):
        with pytest.raises(flight.FlightUnavailableError, match=r"waited 0\.1 seconds"):
            query(client, "SELECT 1")


def test_waiting_client_disconnects_or_is_cancelled(start):
    server = start(statements=1)
    with flight.connect(server.uri) as client, flight.connect(server.uri) as other:
        with endless_stream(client):
            with pytest.raises(flight.FlightTimedOutError):
                other.do_get(flight.Ticket(b"SELECT 1"), flight.FlightCallOptions(timeout=0.3)).read_all()
            wait_for_line(server, 0)


def test_waiting_statement_is_cancelled(start):
    server = start(statements=1)
    with flight.connect(server.uri) as client, ThreadPoolExecutor(1) as beside:
        with endless_stream(client):
            info = client.get_flight_info(flight.FlightDescriptor.for_command(b"SELECT 1"))
            waiting = beside.submit(lambda: client.do_get(info.endpoints[0].ticket).read_all())
            wait_for_line(server, 1)
            body = message("CancelFlightInfoRequest", info=info.serialize()).SerializeToString()
            list(client.do_action(("CancelFlightInfo", body)))
            with pytest.raises(flight.FlightCancelledError, match="the statement was cancelled"):
                waiting.result()


def test_waiting_statement_is_rejected_at_the_end_of_the_grace(start):
    server = start(statements=1)
    with flight.connect(server.uri) as client, ThreadPoolExecutor(1) as beside, endless_stream(client):
        waiting = beside.submit(query, client, "SELECT 1")
        wait_for_line(server, 1)
        server.shutdown(grace=0)
        with pytest.raises(flight.FlightUnavailableError, match="shutting down"):
            waiting.result()


def test_turns_come_in_order_and_all_streams_of_a_statement_together():
    slots, order, begun = Slots(statements=1, parts=2, queue=9, seconds=60), [], threading.Barrier(3)

    def run(identifier):
        with slots.acquire(identifier):
            order.append(identifier)
            if identifier == "export":
                begun.wait()  # both streams run at once

    with ThreadPoolExecutor(4) as clients:
        with slots.acquire("first"):
            for number, identifier in enumerate(("export", "other", "export"), 1):
                clients.submit(run, identifier)
                while len(slots._waiting) < number:
                    pass
            with pytest.raises(Unavailable, match="2 streams of this statement"), slots.acquire("export"):
                pass
        begun.wait()
    assert order == ["export", "export", "other"]
    with slots.acquire("last"):
        pass
