"""Session options: values, sessions by cookie or login, and expiry."""

from dataclasses import replace

import adbc_driver_flightsql.dbapi as flight_sql
import pyarrow as pa
import pyarrow.flight as flight
import pytest

from flight_server import protocol
from flight_server.identity import ANONYMOUS
from flight_server.protocol import message, pack
from flight_server.server import Server
from flight_server.settings import Settings
from flight_server.state.options import DEFAULTS, session_equality, update_options
from flight_server.state.sessions import COOKIE, Sessions
from srcql.errors import Unavailable, UnknownName
from tests.flight_server.rpc import connect, observations, put, query, query_adbc

LOGIN = {"username": "ada", "password": "secret"}
COOKIES = {"adbc.flight.sql.rpc.with_cookie_middleware": "true"}
SET = "adbc.flight.sql.session.option."


def option(key, **value):
    return message("SessionOption", key=key, value=message("SessionOptionValue", **value))


def set_options(client, *options, call_options=None):
    """Set options and return the error codes by option."""
    body = message("SetSessionOptionsRequest", session_options=options).SerializeToString()
    (response,) = client.do_action(("SetSessionOptions", body), call_options)
    errors = protocol.parse("SetSessionOptionsResult", response.body.to_pybytes()).errors
    return {error.key: error.value.value for error in errors}


def get_options(client, call_options=None):
    (response,) = client.do_action(("GetSessionOptions", b""), call_options)
    options = protocol.parse("GetSessionOptionsResult", response.body.to_pybytes()).session_options
    names = ("string_value", "bool_value", "double_value")
    return {one.key: next(getattr(one.value, name) for name in names if one.value.HasField(name)) for one in options}


def close(client, call_options=None):
    (response,) = client.do_action(("CloseSession", b""), call_options)
    return protocol.parse("CloseSessionResult", response.body.to_pybytes()).status


def log_in(client, name="ada"):
    header = client.authenticate_basic_token(name, "secret")
    return flight.FlightCallOptions(headers=[header])


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """A server with outputs that are equal as numbers and different as texts."""
    with Server(Settings(warehouse=str(tmp_path_factory.mktemp("numbers") / "warehouse"))) as running:
        with flight.connect(running.uri) as client:
            rows = observations().to_pylist()
            for number, row in enumerate(rows):
                row["output"] = ("1", "1.0", "1e0")[number // 2 % 3]
            put(client, flight.FlightDescriptor.for_path("observations"), pa.Table.from_pylist(rows))
        yield running


def test_default_options(client):
    assert get_options(client) == {
        "catalog": "lakehouse",
        "schema": "main",
        "timeout": 0.0,
        "equality": "",
        "string_views": False,
        "compression": "none",
    }


@pytest.mark.parametrize("options", [LOGIN, COOKIES])
def test_session_equality_applies_to_verbs_without_using(numbers, options):
    text = "SELECT count(*) AS n FROM (CLUSTER FROM D.gcd)"
    with connect(numbers, **options) as sql, sql.cursor() as cursor:
        assert query_adbc(cursor, text)["n"].to_pylist() == [1]
        sql.adbc_connection.set_options(**{f"{SET}equality": "EXACT"})
        assert query_adbc(cursor, text)["n"].to_pylist() == [3]
        assert query_adbc(cursor, text.replace("gcd", "gcd USING CANONICAL"))["n"].to_pylist() == [1]
        with connect(numbers, **options) as other, other.cursor() as others:
            assert query_adbc(others, text)["n"].to_pylist() == [1]


def test_catalog_and_schema_by_adbc(filled):
    with connect(filled, **LOGIN) as sql:
        assert (sql.adbc_current_catalog, sql.adbc_current_db_schema) == ("lakehouse", "main")
        sql.adbc_current_catalog, sql.adbc_current_db_schema = "lakehouse", "main"
        with pytest.raises(flight_sql.Error, match=r"(?i)catalog"):
            sql.adbc_current_catalog = "other"


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("catalog", {"string_value": "other"}, 2),
        ("schema", {"string_value": "other"}, 2),
        ("schema", {"int64_value": 7}, 2),
        ("timeout", {"string_value": "soon"}, 2),
        ("timeout", {"double_value": -1.0}, 2),
        ("timeout", {"double_value": float("nan")}, 2),
        ("equality", {"string_value": "NONSENSE"}, 2),
        ("equality", {"string_value": "TOLERANCE 0.1"}, 2),
        ("equality", {"string_value": "EXACT RUNS EACH"}, 2),
        ("equality", {"string_value": "EXACT LIMIT 1"}, 2),
        ("equality", {"string_value": "EXACT UNION SELECT 1"}, 2),
        ("equality", {"string_value": "EXACT); SELECT (1"}, 2),
        ("equality", {"string_value": "THROUGH mine"}, 2),
        ("string_views", {"string_value": "maybe"}, 2),
        ("string_views", {"int64_value": 7}, 2),
        ("compression", {"string_value": "snappy"}, 2),
        ("compression", {"string_list_value": {"values": ["zstd"]}}, 2),
        ("colour", {"string_value": "red"}, 1),
    ],
)
def test_invalid_option_is_reported_and_changes_nothing(client, key, value, error):
    options = log_in(client)
    assert set_options(client, option(key, **value), call_options=options) == {key: error}
    assert get_options(client, options) == get_options(client)


def test_options_of_every_kind_of_value(client):
    options = log_in(client)
    given = (
        option("timeout", int64_value=7),
        option("string_views", string_value="true"),
        option("compression", string_value="zstd"),
        option("colour", bool_value=True),
    )
    assert set_options(client, *given, call_options=options) == {"colour": 1}
    found = get_options(client, options)
    assert (found["timeout"], found["string_views"], found["compression"]) == (7.0, True, "zstd")
    assert set_options(client, option("timeout"), call_options=options) == {}
    assert get_options(client, options)["timeout"] == 0.0


def test_string_views_option(client):
    options = log_in(client)
    set_options(client, option("string_views", bool_value=True), call_options=options)
    text = "SELECT problem_id, [problem_id] AS l, count(*) AS n FROM observations GROUP BY 1 ORDER BY 1"
    descriptor = flight.FlightDescriptor.for_command(text.encode())
    info = client.get_flight_info(descriptor, options)
    with_views = client.do_get(info.endpoints[0].ticket).read_all()
    assert info.schema == with_views.schema == client.get_schema(descriptor, options).schema
    assert [str(kind) for kind in with_views.schema.types[::2]] == ["string_view", "int64"]
    assert with_views.to_pylist() == query(client, text).to_pylist()


@pytest.mark.parametrize(
    "value",
    [
        "'a'::ENUM('a', 'b')",
        "['a'::ENUM('a'), NULL]",
        "MAP {'a': ['b']}",
        "{'a': row(), 'b': [NULL], 'c': 'd'}",
        "MAP {}",
        "union_value(k := 'a')",
        "NULL",
        "['a']::VARCHAR[1]",
        "'POINT (1 2)'::GEOMETRY",
        "INTERVAL 1 DAY",
    ],
)
def test_string_views_work_with_every_type(client, value):
    options = log_in(client)
    set_options(client, option("string_views", bool_value=True), call_options=options)
    text = f"SELECT {value} AS v, 'text' AS t"
    info = client.get_flight_info(flight.FlightDescriptor.for_command(text.encode()), options)
    found = client.do_get(info.endpoints[0].ticket).read_all()
    assert found.schema.field("t").type == pa.string_view()
    assert found.to_pylist() == query(client, text).to_pylist()


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_compression_option(client, compression):
    options = log_in(client)
    set_options(client, option("compression", string_value=compression), call_options=options)
    ticket = flight.Ticket(b"SELECT repeat('x', 1000) AS x FROM range(1000)")
    assert client.do_get(ticket, options).read_all() == client.do_get(ticket).read_all()


def test_session_timeout(start):
    server = start()
    with flight.connect(server.uri) as client:
        options = log_in(client)
        set_options(client, option("timeout", double_value=0.2), call_options=options)
        busy = flight.Ticket(b"SELECT count(*) FROM range(1000000000000) AS a WHERE hash(a.range) = 7")
        with pytest.raises(flight.FlightTimedOutError, match=r"ran longer than 0\.2 s"):
            client.do_get(busy, options).read_all()
        put(client, flight.FlightDescriptor.for_path("observations"), observations())
        hours = "range(1000000000000) AS r WHERE hash(r.range) = 7"
        planned = flight.Ticket(f"MATRIX FROM (SELECT o.* FROM observations AS o, {hours})".encode())
        with pytest.raises(flight.FlightTimedOutError, match=r"compiling the query took longer than 0\.2 s"):
            client.do_get(planned, options).read_all()


def test_closed_session_has_the_defaults(client):
    options = log_in(client)
    set_options(client, option("equality", string_value="EXACT"), call_options=options)
    assert close(client, options) == 1
    assert get_options(client, options)["equality"] == ""
    assert close(client, options) == 1


def test_cookie_of_an_unknown_session_is_reported(client):
    options = flight.FlightCallOptions(headers=[(b"cookie", f"{COOKIE}=long-ago".encode())])
    with pytest.raises(KeyError, match="session has expired"):
        client.do_get(flight.Ticket(b"SELECT 1"), options).read_all()
    odd = flight.FlightCallOptions(headers=[(b"cookie", b"a b; ;=;;")])
    assert client.do_get(flight.Ticket(b"SELECT 1 AS one"), odd).read_all().num_rows == 1


class Caller:
    """The parts of a call that sessions read."""

    def __init__(self, login_id, name=ANONYMOUS.name):
        self.login_id = login_id
        self.identity = replace(ANONYMOUS, name=name)

    def header(self, _):
        return None


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


EXACT = [option("equality", string_value="EXACT")]


def test_idle_session_expires_and_its_client_gets_one_error():
    clock = Clock()
    sessions = Sessions(limit=10, idle=60, clock=clock)
    used, idle = Caller("used"), Caller("idle")
    for caller in (used, idle):
        sessions.set(None, caller, EXACT)
    for clock.now in (50, 100):
        assert sessions.options(used).equality == "EXACT"
    with pytest.raises(UnknownName, match="session has expired"):
        sessions.options(idle)
    assert sessions.options(idle) == DEFAULTS
    assert len(sessions) == 1
    clock.now = 200
    assert len(sessions) == 0


def test_session_above_the_limit_is_rejected():
    sessions = Sessions(limit=1, idle=60)
    sessions.set(None, Caller("a"), EXACT)
    sessions.set(None, Caller("a"), [option("timeout", int64_value=1)])
    sessions.set(None, Caller("b"), [option("catalog", string_value="lakehouse")])  # a default value begins no session
    with pytest.raises(Unavailable, match="1 sessions"):
        sessions.set(None, Caller("b"), EXACT)
    sessions.set(None, Caller("c", "bob"), EXACT)  # the limit is for each user


def test_caller_without_a_login_has_the_defaults():
    assert Sessions(limit=1, idle=60).options(Caller(None)) == DEFAULTS


def test_equality_option_is_parsed():
    assert update_options(DEFAULTS, EXACT)[0].parsed_equality == session_equality("EXACT")
    with pytest.raises(ValueError, match="expected an option of USING"):
        session_equality("EXACT RUNS EACH")


@pytest.mark.parametrize("name", ["SetSessionOptions", "GetSessionOptions", "CloseSession"])
def test_garbage_for_session_actions(client, name):
    with pytest.raises(pa.ArrowInvalid):
        list(client.do_action((name, b"\xff\xff garbage")))


def test_prepared_statement_uses_the_options_of_its_execution(numbers):
    with flight.connect(numbers.uri) as client:
        options = log_in(client)
        body = pack(message("ActionCreatePreparedStatementRequest", query="CLUSTER FROM D.gcd"))
        (created,) = client.do_action(("CreatePreparedStatement", body), options)
        handle = protocol.unpack(created.body.to_pybytes()).prepared_statement_handle
        prepared = pack(message("CommandPreparedStatementQuery", prepared_statement_handle=handle))
        assert client.do_get(flight.Ticket(prepared), options).read_all().num_rows == 1
        set_options(client, option("equality", string_value="EXACT"), call_options=options)
        assert client.do_get(flight.Ticket(prepared), options).read_all().num_rows == 3
