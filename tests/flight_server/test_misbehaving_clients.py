"""Misbehaving clients get the right status and do not affect others."""

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress

import adbc_driver_manager
import pyarrow as pa
import pyarrow.flight as flight
import pytest

from flight_server import protocol
from flight_server.actions import Actions
from flight_server.metadata import Metadata
from flight_server.protocol import SQL, message, pack
from flight_server.puts import Puts
from flight_server.queries import Queries
from tests.flight_server.rpc import connect, observations, put, query, query_adbc, send_nothing

GARBAGE = b"\xff\xff\xff garbage"
ENDLESS = "SELECT range FROM range(100000000000)"
for_command = flight.FlightDescriptor.for_command


def assert_running(client):
    assert query(client, "SELECT 1 AS one").to_pydict() == {"one": [1]}


def invalid_command(name):
    """Return a command of that name with invalid content."""
    return message("Any", type_url=f"type.googleapis.com/{SQL}.{name}", value=GARBAGE).SerializeToString()


@pytest.mark.parametrize("name", sorted(protocol.MESSAGES[SQL]))
def test_garbage_for_every_message(client, name):
    data = invalid_command(name)
    with pytest.raises(pa.ArrowInvalid):
        client.get_flight_info(for_command(data))
    with pytest.raises(pa.ArrowInvalid):
        client.get_schema(for_command(data))
    with pytest.raises(pa.ArrowInvalid):
        client.do_get(flight.Ticket(data)).read_all()
    writer, responses = client.do_put(for_command(data), pa.schema([]))
    with pytest.raises(pa.ArrowInvalid):
        send_nothing(writer, responses)
    assert_running(client)


@pytest.mark.parametrize(
    "text", ["SELECT 1\0", "SELECT 'a\0b'", "CLUSTER FROM *\0", 'SELECT 1 AS "x\0"', "EXPLAIN SELECT 1\0"]
)
def test_nul_in_a_statement_is_rejected(client, text):
    for call in (client.get_flight_info, client.get_schema):
        with pytest.raises(pa.ArrowInvalid, match="found NUL"):
            call(for_command(text.encode()))
    with pytest.raises(pa.ArrowInvalid, match="found NUL"):
        query(client, text)


HALF = b"\xed\xa0\x80"  # half of a surrogate pair, which UTF-8 does not have


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("CommandGetTables", "table_name_filter_pattern"),
        ("CommandGetPrimaryKeys", "table"),
        ("CommandGetImportedKeys", "table"),
        ("CommandStatementQuery", "query"),
    ],
)
def test_half_of_a_surrogate_pair_is_rejected(client, name, field):
    data = pack(message(name, **{field: "abc"})).replace(b"abc", HALF)
    with pytest.raises(pa.ArrowInvalid, match=f"expected a {name}"):
        client.get_flight_info(for_command(data))


@pytest.mark.parametrize("name", sorted(protocol.MESSAGES[SQL]))
def test_empty_message_of_every_kind(client, name):
    """Each has a result or a specific error."""
    data = message("Any", type_url=f"type.googleapis.com/{SQL}.{name}").SerializeToString()
    with suppress(pa.ArrowInvalid, NotImplementedError, KeyError):
        client.get_flight_info(for_command(data))
    with suppress(pa.ArrowInvalid, NotImplementedError, KeyError):
        client.do_get(flight.Ticket(data)).read_all()
    assert_running(client)


@pytest.mark.parametrize("name", sorted({*Actions.ACTIONS, *Actions.UNSUPPORTED} - {"srcql.status"}))
@pytest.mark.parametrize("body", [GARBAGE, b"\x0a\x03\xff"])
def test_garbage_for_every_action(client, name, body):
    with pytest.raises((pa.ArrowInvalid, NotImplementedError)):
        list(client.do_action((name, body)))
    assert_running(client)


def test_every_handler_has_a_message():
    assert {*Queries.COMMANDS, *Metadata.COMMANDS, *Puts.COMMANDS} <= protocol.MESSAGES[SQL].keys()


def test_ticket_is_fetched_twice_at_once(client):
    ticket = client.get_flight_info(for_command(b"CLUSTER FROM D")).endpoints[0].ticket
    one, other = client.do_get(ticket), client.do_get(ticket)
    first = other.read_all()
    assert one.read_all() == first == client.do_get(ticket).read_all()


def test_statement_is_closed_before_it_is_read(client):
    body = pack(message("ActionCreatePreparedStatementRequest", query="CLUSTER FROM D"))
    (created,) = client.do_action(("CreatePreparedStatement", body))
    handle = protocol.unpack(created.body.to_pybytes()).prepared_statement_handle
    prepared = pack(message("CommandPreparedStatementQuery", prepared_statement_handle=handle))
    stream = client.do_get(flight.Ticket(prepared))
    close = pack(message("ActionClosePreparedStatementRequest", prepared_statement_handle=handle))
    list(client.do_action(("ClosePreparedStatement", close)))
    assert stream.read_all().num_rows == 4  # a running query continues
    with pytest.raises(KeyError, match="unknown prepared statement"):
        client.do_get(flight.Ticket(prepared)).read_all()
    writer, responses = client.do_put(for_command(prepared), pa.schema({"0": pa.string()}))
    with pytest.raises(KeyError, match="unknown prepared statement"):
        send_nothing(writer, responses)


def test_string_of_20_mb_above_the_limit_of_the_driver(filled, client):
    """One value cannot be split: it is a batch of its own, and a client with a lower limit fails."""
    text = "SELECT range AS n, CASE WHEN range = 1 THEN repeat('x', 20000000) END AS wide FROM range(3) ORDER BY n"
    batches = [chunk.data for chunk in client.do_get(flight.Ticket(text.encode()))]
    assert [batch.num_rows for batch in batches] == [1, 1, 1]
    with connect(filled) as sql, sql.cursor() as cursor:
        cursor.execute(text)
        with pytest.raises((adbc_driver_manager.Error, pa.ArrowException), match="larger than max"):
            cursor.fetch_arrow_table()
        assert query_adbc(cursor, "SELECT 1 AS one").num_rows == 1
    assert_running(client)


@pytest.mark.parametrize("kind", ["'x' || range", "range", "range / 7", "[range]", "DATE '2026-01-01'", "NULL"])
def test_table_of_300_columns(sql, client, kind):
    columns = ", ".join(f"{kind} AS column_{number}" for number in range(300))
    text = f"SELECT {columns} FROM range(10000)"
    found = [chunk.data for chunk in client.do_get(flight.Ticket(text.encode()))]
    assert sum(batch.num_rows for batch in found) == 10_000
    assert max(pa.ipc.get_record_batch_size(batch) for batch in found) < 4 * 2**20
    with sql.cursor() as cursor:
        assert query_adbc(cursor, text) == pa.Table.from_batches(found)


KILL_ITSELF = """
import os, signal, sys, pyarrow.flight as flight
stream = flight.connect(sys.argv[1]).do_get(flight.Ticket(sys.argv[2].encode()))
stream.read_chunk()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_clients_release_their_slots(start):
    server = start(statements=2)
    for _ in range(3):  # more clients than slots
        killed = subprocess.run([sys.executable, "-c", KILL_ITSELF, server.uri, ENDLESS], check=False)
        assert killed.returncode == -signal.SIGKILL
        assert server.wait_until_idle(30)
    with flight.connect(server.uri) as client:
        assert_running(client)


def test_client_that_never_reads_holds_one_slot(start):
    server = start(statements=2)
    with flight.connect(server.uri) as slow, flight.connect(server.uri) as client:
        info = slow.get_flight_info(for_command(ENDLESS.encode()))
        stream = slow.do_get(info.endpoints[0].ticket)
        assert_running(client)
        body = message("CancelFlightInfoRequest", info=info.serialize()).SerializeToString()
        list(client.do_action(("CancelFlightInfo", body)))
        stream.cancel()
        assert server.wait_until_idle(30)


def test_client_that_sends_garbage_bytes(start):
    server = start()
    with flight.connect(server.uri) as client:
        put(client, flight.FlightDescriptor.for_path("observations"), observations())
        host, port = server.uri.removeprefix("grpc://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + os.urandom(500))
        assert query(client, "SELECT count(*) AS n FROM observations")["n"].to_pylist() == [12]


def test_cancel_while_compiling(start):
    """MATRIX reads its columns while it is compiled, which takes hours here; the client cancels."""
    server = start()
    text = "MATRIX FROM (SELECT o.* FROM observations AS o, range(1000000000000) AS r WHERE hash(r.range) = 7)"
    with flight.connect(server.uri) as client:
        put(client, flight.FlightDescriptor.for_path("observations"), observations())
        with pytest.raises(flight.FlightTimedOutError):
            client.get_flight_info(for_command(text.encode()), flight.FlightCallOptions(timeout=0.3))
        assert server.wait_until_idle(30)
        update = for_command(pack(message("CommandStatementUpdate", query=text)))
        with pytest.raises(flight.FlightTimedOutError):
            send_nothing(*client.do_put(update, pa.schema([]), flight.FlightCallOptions(timeout=0.3)))
        assert server.wait_until_idle(30)
        assert_running(client)


def test_prepared_statements_of_many_clients_at_once(filled):
    failures = []

    def work(number):
        try:
            with connect(filled) as sql, sql.cursor() as cursor:
                for _ in range(5):
                    assert query_adbc(cursor, f"SELECT ? + {number} AS n", (number,))["n"].to_pylist() == [2 * number]
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
