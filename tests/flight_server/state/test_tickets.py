"""Tickets: parts of a large result, other servers, expiry, renewal and forgery."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import adbc_driver_flightsql.dbapi as flight_sql
import pyarrow as pa
import pyarrow.flight as flight
import pytest

from flight_server import protocol, queries
from flight_server.protocol import message, pack
from flight_server.slots import Slots
from flight_server.state.tickets import Ticket, unpack_ticket
from lakehouse.snapshots.parts import Part
from srcql.errors import Unavailable
from tests.flight_server.accounts import add_user, bearer, token
from tests.flight_server.rpc import connect, observations, put, query, query_adbc

PROBLEMS = tuple(f"p{number:02}" for number in range(20))
EXPORT = "SLICE FROM *"


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of about thirty rows instead of a million."""
    monkeypatch.setattr(queries, "PART_ROWS", 30)


@pytest.fixture
def two_servers(start):
    """Two servers on one warehouse with rows."""
    servers = start(), start()
    with flight.connect(servers[0].uri) as client:
        put(client, flight.FlightDescriptor.for_path("observations"), observations(PROBLEMS))
    return servers


def info_of(client, text):
    return client.get_flight_info(flight.FlightDescriptor.for_command(text.encode()))


def read(ticket):
    return unpack_ticket(protocol.unpack(ticket.ticket))


def test_small_query_has_one_endpoint(two_servers):
    with flight.connect(two_servers[0].uri) as client:
        for text in (EXPORT, "SELECT * FROM observations", "CLUSTER FROM *"):
            assert len(info_of(client, text).endpoints) == 1


@pytest.mark.usefixtures("small_parts")
def test_parts_of_an_export_have_its_rows_in_order(two_servers):
    with flight.connect(two_servers[0].uri) as client:
        info = info_of(client, EXPORT)
        assert 4 <= len(info.endpoints) <= 2 * 8
        assert info.ordered
        assert info.schema == client.get_schema(info.descriptor).schema
        parts = [client.do_get(endpoint.ticket).read_all() for endpoint in info.endpoints]
        assert pa.concat_tables(parts) == query(client, EXPORT)
        assert all(part.num_rows < 60 for part in parts)


@pytest.mark.usefixtures("small_parts")
def test_adbc_reads_all_parts(two_servers):
    with connect(two_servers[0]) as sql, sql.cursor() as cursor, flight.connect(two_servers[0].uri) as client:
        assert query_adbc(cursor, EXPORT) == query(client, EXPORT)


@pytest.mark.usefixtures("small_parts")
def test_partitions_are_read_in_parallel_from_another_server(two_servers):
    with connect(two_servers[0]) as sql, sql.cursor() as cursor:
        partitions, schema = cursor.adbc_execute_partitions(EXPORT)
        whole = query_adbc(cursor, EXPORT)

    def fetch(partition):
        with connect(two_servers[1]) as other, other.cursor() as reader:
            reader.adbc_read_partition(partition)
            return reader.fetch_arrow_table()

    with ThreadPoolExecutor(3) as threads:
        parts = list(threads.map(fetch, partitions))
    assert len(parts) > 3
    assert pa.concat_tables(parts) == whole
    assert whole.schema == schema


def test_ticket_reads_its_snapshot_on_another_server(two_servers):
    first, second = (flight.connect(server.uri) for server in two_servers)
    with first, second:
        ticket = info_of(first, "SELECT count(*) AS n FROM observations").endpoints[0].ticket
        put(first, flight.FlightDescriptor.for_path("observations"), observations(run="r2"))
        assert second.do_get(ticket).read_all()["n"].to_pylist() == [120]
        assert query(second, "SELECT count(*) AS n FROM observations")["n"].to_pylist() == [132]


def test_ticket_with_values_works_on_another_server(two_servers):
    with connect(two_servers[0]) as sql, sql.cursor() as cursor:
        partitions, _ = cursor.adbc_execute_partitions("SELECT ? AS x, 1.5 AS y", ("a",))
    with connect(two_servers[1]) as sql, sql.cursor() as cursor:
        cursor.adbc_read_partition(partitions[0])
        assert cursor.fetchone()[0] == "a"


@pytest.mark.usefixtures("small_parts")
def test_explain_has_one_ticket(two_servers):
    with flight.connect(two_servers[0].uri) as client:
        info = info_of(client, f"EXPLAIN {EXPORT}")
        assert client.do_get(info.endpoints[0].ticket).read_all().num_rows > 0


def test_ticket_has_text_and_expiry(client):
    before = time.time()
    (endpoint,) = info_of(client, "SELECT 1 AS one").endpoints
    ticket = read(endpoint.ticket)
    assert ticket.text == "SELECT 1 AS one"
    assert before + 599 <= ticket.expires <= time.time() + 600
    assert endpoint.expiration_time.value == ticket.expires * 10**9


def test_forged_ticket_can_do_no_more_than_its_text(client):
    for text in ("DROP TABLE tests", "SELECT * FROM '/etc/passwd'"):
        with pytest.raises(flight.FlightUnauthorizedError):
            client.do_get(flight.Ticket(Ticket(text).pack())).read_all()
    assert client.do_get(flight.Ticket(Ticket("SELECT 1 AS one").pack())).read_all().num_rows == 1


def test_tickets_and_parts_run_with_the_grants_of_their_bearer(start, tmp_path):
    file = tmp_path / "users.json"
    add_user(file, "ada", role="admin")
    add_user(file, "bob", data_sets={"E"})
    ada, bob = bearer(token("ada")), bearer(token("bob"))
    with flight.connect(start(users=str(file)).uri) as client:
        rows = observations()
        writer, responses = client.do_put(flight.FlightDescriptor.for_path("observations"), rows.schema, ada)
        with writer:
            writer.write_table(rows)
            writer.done_writing()
            responses.read()
        info = client.get_flight_info(flight.FlightDescriptor.for_command(b"SELECT * FROM observations"), ada)
        (endpoint,) = info.endpoints
        assert client.do_get(endpoint.ticket, ada).read_all().num_rows == 12
        assert client.do_get(endpoint.ticket, bob).read_all().num_rows == 0
        part = Ticket(EXPORT, part=Part(("D", "a"), ("D", "z")))
        assert client.do_get(flight.Ticket(part.pack()), bob).read_all().num_rows == 0
        with pytest.raises(KeyError, match="unknown data set D"):
            client.do_get(flight.Ticket(replace(part, text="SLICE FROM D").pack()), bob).read_all()
        body = message("CancelFlightInfoRequest", info=info.serialize()).SerializeToString()
        list(client.do_action(("CancelFlightInfo", body), bob))  # cancels for bob only
        assert client.do_get(endpoint.ticket, ada).read_all().num_rows == 12


def renew(client, endpoint):
    body = message("RenewFlightEndpointRequest", endpoint=endpoint.serialize()).SerializeToString()
    (response,) = client.do_action(("RenewFlightEndpoint", body))
    return flight.FlightEndpoint.deserialize(response.body.to_pybytes())


def test_renew_endpoint(client):
    (endpoint,) = info_of(client, "SELECT 1 AS one").endpoints
    soon = replace(read(endpoint.ticket), expires=int(time.time()) + 60)
    longer = renew(client, flight.FlightEndpoint(soon.pack(), []))
    assert longer.expiration_time.value > soon.expires * 10**9
    assert read(longer.ticket) == replace(soon, expires=read(longer.ticket).expires)
    assert client.do_get(longer.ticket).read_all().to_pydict() == {"one": [1]}


def test_expired_tickets_cannot_be_renewed(client):
    for ticket in (Ticket("SELECT 1", expires=1), Ticket("SELECT 1", ids=(7, None, None), expires=2**40)):
        with pytest.raises(KeyError, match=r"expired|not kept"):
            renew(client, flight.FlightEndpoint(ticket.pack(), []))
    with pytest.raises(pa.ArrowInvalid, match="FlightEndpoint"):
        list(
            client.do_action(
                ("RenewFlightEndpoint", message("RenewFlightEndpointRequest", endpoint=b"\xff").SerializeToString())
            )
        )


def test_metadata_endpoint_is_renewed_unchanged(client):
    catalogs = flight.FlightDescriptor.for_command(pack(message("CommandGetCatalogs")))
    (endpoint,) = client.get_flight_info(catalogs).endpoints
    assert renew(client, endpoint) == endpoint


@pytest.mark.usefixtures("small_parts")
def test_parts_of_a_statement_share_one_slot(two_servers):
    with flight.connect(two_servers[0].uri) as client:
        assert len({read(endpoint.ticket).id for endpoint in info_of(client, EXPORT).endpoints}) == 1
    slots = Slots(statements=1, parts=2)
    with slots.acquire(b"a"), slots.acquire(b"a"):
        for other, expected in ((b"b", "1 statements"), (b"a", "2 streams")):
            with pytest.raises(Unavailable, match=expected), slots.acquire(other):
                pass
    with slots.acquire(b"b"):
        pass


@pytest.mark.usefixtures("small_parts")
def test_export_in_parts_needs_one_slot(start):
    server = start(statements=1)
    with flight.connect(server.uri) as client:
        put(client, flight.FlightDescriptor.for_path("observations"), observations(PROBLEMS))
    with flight_sql.connect(server.uri) as sql, sql.cursor() as cursor:
        assert query_adbc(cursor, EXPORT).num_rows == 120
