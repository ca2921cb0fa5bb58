"""Every error has the right status and a readable text, whatever a client sends."""

import json
import socket

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from flight_server import status
from flight_server.metadata import Metadata
from flight_server.protocol import SQL, message, pack
from flight_server.state.tickets import Ticket
from srcql import errors
from tests.flight_server.rpc import connect, observations, put, query, query_adbc, send_nothing

GARBAGE = b"\x00\xff\xfe garbage"
BROKEN = message(
    "Any", type_url=f"type.googleapis.com/{SQL}.CommandStatementQuery", value=b"\xff\xff"
).SerializeToString()
FOREIGN = message("Any", type_url="type.googleapis.com/vendor.Special").SerializeToString()
CLOSED = pack(message("TicketStatementQuery", statement_handle=b"of another server"))
EXPIRED = Ticket("SELECT 1", expires=1).pack()
EXPIRED_SNAPSHOT = Ticket("SELECT 1", ids=(7, None, None)).pack()
VALUES_OF_GARBAGE = pack(
    message(
        "TicketStatementQuery",
        statement_handle=message("Ticket", text="SELECT ?", id=b"x", values=GARBAGE).SerializeToString(),
    )
)
PREPARED = pack(message("CommandPreparedStatementQuery", prepared_statement_handle=b""))
INGEST = pack(message("CommandStatementIngest", table="tests"))

for_command, for_path = flight.FlightDescriptor.for_command, flight.FlightDescriptor.for_path


def get(data):
    return lambda client: client.do_get(flight.Ticket(data)).read_all()


def info(descriptor):
    return lambda client: client.get_flight_info(descriptor)


def schema(descriptor):
    return lambda client: client.get_schema(descriptor)


def put_nothing(descriptor):
    return lambda client: send_nothing(*client.do_put(descriptor, pa.schema([])))


def action(name, body):
    return lambda client: list(client.do_action((name, body)))


def exchange(client):
    writer, _ = client.do_exchange(for_command(b"x"))
    writer.close()


CASES = {
    "ticket: garbage": (get(GARBAGE), pa.ArrowInvalid),
    "ticket: broken command": (get(BROKEN), pa.ArrowInvalid),
    "ticket: unknown command": (get(FOREIGN), NotImplementedError),
    "ticket: of another server": (get(CLOSED), pa.ArrowInvalid),
    "ticket: expired": (get(EXPIRED), KeyError),
    "ticket: of an expired snapshot": (get(EXPIRED_SNAPSHOT), KeyError),
    "ticket: values of garbage": (get(VALUES_OF_GARBAGE), pa.ArrowInvalid),
    "ticket: unprepared statement": (get(PREPARED), KeyError),
    "ticket: command without rows": (get(INGEST), NotImplementedError),
    "ticket: nothing": (get(b""), pa.ArrowInvalid),
    "ticket: no SQL": (get(b"SELEC 1"), pa.ArrowInvalid),
    "ticket: unknown table": (get(b"SELECT * FROM nothing"), KeyError),
    "ticket: unknown problem": (get(b"CLUSTER FROM D.nothing"), KeyError),
    "ticket: a file": (get(b"SELECT * FROM '/etc/passwd'"), flight.FlightUnauthorizedError),
    "ticket: a statement that writes": (get(b"DROP TABLE tests"), flight.FlightUnauthorizedError),
    "rows: an error in the first": (get(b"SELECT 'x'::INTEGER AS n FROM range(3)"), pa.ArrowInvalid),
    "info: garbage": (info(for_command(GARBAGE)), pa.ArrowInvalid),
    "info: unknown command": (info(for_command(FOREIGN)), NotImplementedError),
    "info: no SQL": (info(for_command(b"SELEC 1")), pa.ArrowInvalid),
    "info: unknown path": (info(for_path("nothing")), KeyError),
    "info: long path": (info(for_path("a", "b")), pa.ArrowInvalid),
    "info: empty path": (info(for_path()), pa.ArrowInvalid),
    "schema: garbage": (schema(for_command(GARBAGE)), pa.ArrowInvalid),
    "schema: unknown path": (schema(for_path("nothing")), KeyError),
    "put: garbage": (put_nothing(for_command(GARBAGE)), pa.ArrowInvalid),
    "put: broken command": (put_nothing(for_command(BROKEN)), pa.ArrowInvalid),
    "put: unknown command": (put_nothing(for_command(FOREIGN)), NotImplementedError),
    "put: command that takes no rows": (put_nothing(for_command(CLOSED)), NotImplementedError),
    "put: values of no statement": (put_nothing(for_command(PREPARED)), KeyError),
    "put: rows without columns": (put_nothing(for_path("tests")), pa.ArrowInvalid),
    "action: unknown": (action("nothing", b""), NotImplementedError),
    "action: prepare garbage": (action("CreatePreparedStatement", GARBAGE), pa.ArrowInvalid),
    "action: prepare nothing": (action("CreatePreparedStatement", b""), pa.ArrowInvalid),
    "action: prepare another command": (action("CreatePreparedStatement", INGEST), pa.ArrowInvalid),
    "action: close garbage": (action("ClosePreparedStatement", GARBAGE), pa.ArrowInvalid),
    "action: cancel garbage": (action("CancelFlightInfo", GARBAGE), pa.ArrowInvalid),
    "action: cancel a broken info": (
        action("CancelFlightInfo", message("CancelFlightInfoRequest", info=GARBAGE).SerializeToString()),
        pa.ArrowInvalid,
    ),
    "action: options of garbage": (action("SetSessionOptions", GARBAGE), pa.ArrowInvalid),
    "exchange": (exchange, NotImplementedError),
}


def clean_text(raised):
    """Return the text of an error; check that it reveals nothing about the code."""
    text = str(raised.value)
    for inside in ("Traceback", ".py", "/work", "site-packages", 'File "', "duckdb", "line 0"):
        assert inside not in text
    assert text
    return text


@pytest.mark.parametrize("case", CASES)
def test_invalid_requests_have_the_right_status(client, case):
    call, kind = CASES[case]
    with pytest.raises(kind) as raised:
        call(client)
    clean_text(raised)
    assert query(client, "SELECT 1 AS one").to_pydict() == {"one": [1]}


@pytest.mark.parametrize("text", ["SELEC 1", "CLUSTER FROM D.nothing", "DROP TABLE tests", "SELECT 'x'::INTEGER AS n"])
def test_errors_by_adbc(sql, text):
    with sql.cursor() as cursor, pytest.raises(sql.Error) as raised:
        query_adbc(cursor, text)
    clean_text(raised)


def test_clients_receive_the_whole_error_text(sql):
    with sql.cursor() as cursor, pytest.raises(sql.ProgrammingError) as raised:
        cursor.execute("SELECT 1;\nCLUSTER FROM E")
    with sql.cursor() as cursor, pytest.raises(sql.ProgrammingError) as raised:
        cursor.execute("SELECT *\nFROM (CLUSTER FROM E)")
    assert "line 2, column 20: unknown data set E\n  FROM (CLUSTER FROM E)\n" in clean_text(raised)
    assert "hint: data sets: D" in str(raised.value)


def test_error_after_the_first_rows(client):
    text = "SELECT CASE WHEN range = 4900000 THEN error('boom') ELSE range END AS n FROM range(5000000)"
    stream = client.do_get(flight.Ticket(text.encode()))
    assert stream.read_chunk().data.num_rows > 0
    with pytest.raises(pa.ArrowInvalid, match="boom") as raised:
        list(stream)
    clean_text(raised)


def fail(*_):
    raise RuntimeError("an unexpected error at /a/secret/path.py")


def test_unexpected_error_is_internal_and_logged(start, monkeypatch, capfd):
    monkeypatch.setitem(Metadata.COMMANDS, "CommandGetCatalogs", fail)
    catalogs = pack(message("CommandGetCatalogs"))
    with flight.connect(start().uri) as client:
        for call in (get(catalogs), info(for_command(catalogs)), schema(for_command(catalogs))):
            with pytest.raises(pa.ArrowException, match="internal error") as raised:
                call(client)
            number = clean_text(raised).split("internal error ")[1].split(":")[0]
            (line,) = [entry for entry in log(capfd) if entry.get("id") == number]
            assert "an unexpected error" in line["exception"]


def test_unexpected_error_in_a_stream(start, monkeypatch):
    monkeypatch.setattr("flight_server.engines.lease.Rows.batches", fail)
    with (
        flight.connect(start().uri) as client,
        pytest.raises(flight.FlightInternalError, match="internal error") as raised,
    ):
        query(client, "SELECT 1 AS one")
    clean_text(raised)


def log(capfd):
    return [json.loads(line) for line in capfd.readouterr().err.splitlines()]


def test_every_call_is_logged(start, capfd):
    server = start()
    with flight.connect(server.uri) as client:
        put(client, for_path("observations"), observations())
        query(client, "SELECT * FROM observations")
        with pytest.raises(KeyError):
            client.get_flight_info(for_path("nothing"))
    assert server.wait_until_idle(30)
    lines = [(entry["method"], entry["rows"], entry["status"]) for entry in log(capfd) if entry["event"] == "call"]
    assert lines == [("DO_PUT", 12, "OK"), ("DO_GET", 12, "OK"), ("GET_FLIGHT_INFO", 0, "UnknownName")]


@pytest.mark.parametrize("text", ["x" * 10_000, "日本" * 5_000, "a\n" * 5_000, "%" * 10_000, "short"])
def test_every_status_fits_into_a_header(server, monkeypatch, text):
    with flight.connect(server.uri) as client:
        for kind, raised_as in status.STATUSES.items():
            monkeypatch.setitem(Metadata.COMMANDS, "CommandGetCatalogs", failing_handler(kind(text)))
            arrow = next(base for base in raised_as.__mro__ if base.__module__.startswith("pyarrow"))
            with pytest.raises(arrow) as raised:
                client.get_flight_info(for_command(pack(message("CommandGetCatalogs"))))
            assert clean_text(raised).startswith(text[:400])


def failing_handler(error):
    def handler(*_):
        raise error

    return handler


def test_every_error_class_has_a_status():
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.SrcqlError)}
    assert set(status.STATUSES) == kinds - {errors.SrcqlError}


def test_http_connection_does_not_harm_the_server(filled):
    host, port = filled.uri.removeprefix("grpc://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.recv(100)
    with connect(filled) as sql, sql.cursor() as cursor:
        assert query_adbc(cursor, "SELECT 1 AS one").num_rows == 1
