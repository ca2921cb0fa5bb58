"""Grants apply to every RPC: other data sets leave no trace.

Two lakehouses hold the same rows of the data set Open; one also holds a second data set, with problems, tests,
implementations and runs of the same names. A user of Open gets the same results from both.
"""

import functools
import json
import re
from pathlib import Path

import adbc_driver_flightsql.dbapi as flight_sql
import pyarrow as pa
import pyarrow.flight as flight
import pytest

from flight_server import protocol
from flight_server.access import users
from flight_server.protocol import message
from flight_server.server import Server
from flight_server.settings import Settings
from tests.flight_server.accounts import add_user, bearer, token

TEXT = Path(__file__).with_name("grants.sql").read_text(encoding="utf-8")
STATEMENTS = [line for line in TEXT.splitlines() if line and not line.startswith("--")]
MIN_DIFFERENT = 90  # statements that return something else to a user of all data sets
ONCE = re.compile(r"-?\b\d{15,}\b|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?|[0-9a-f]{8}-[0-9a-f-]{27}(-[0-9a-f]{8})?")
NEAR = re.compile(r"hint: use the (nearest|first) kept snapshot: .*")


def row(data_set, problem, implementation, test, run, output, **more):
    context = {"run_id": run, "git_commit_hash": {"r1": "c1", "r2": "c2"}.get(run, "c9")}
    keys = {"data_set_id": data_set, "problem_id": problem, "implementation_id": implementation, "test_id": test}
    time = pa.scalar(1_700_000_000_000_000, pa.timestamp("us")).as_py()
    return keys | context | {"step_id": 0, "output": output, "created_at": time, "specified_oracle": False} | more


def observation_batches(run):
    """Return two batches of one run: one of Open, then one of Shut."""
    cells = [(implementation, test) for implementation in "abc" for test in ("t1", "t2")]
    right = [
        row("Open", "p", one, test, run, "2" if (one, test, run) == ("c", "t2", "r2") else "1") for one, test in cells
    ]
    expected = [row("Open", "p", "oracle", test, run, "1", specified_oracle=True) for test in ("t1", "t2")]
    others = [row("Shut", "p", one, test, run, '"classified"') for one in ("a", "c", "mole") for test in ("t1", "peek")]
    others += [row("Shut", "vault", one, "t1", "secret run", "7") for one in "ab"]
    return pa.Table.from_pylist(right + expected), pa.Table.from_pylist(others)


def source_batches(key):
    """Return one batch of Open and one of Shut."""
    time = pa.scalar(1_700_000_000_000_000, pa.timestamp("us")).as_py()
    return [
        pa.Table.from_pylist(
            [
                {
                    "data_set_id": data_set,
                    "problem_id": "p",
                    key: name,
                    "source_code": f"{word} {name}",
                    "created_at": time,
                }
                for name in names
            ]
        )
        for data_set, word, names in (
            ("Open", "plain", ("t1", "a", "b")),
            ("Shut", "classified", ("t1", "peek", "mole", "a")),
        )
    ]


BATCHES = [
    *(("observations", pair) for pair in (observation_batches("r1"), observation_batches("r2"))),
    ("tests", source_batches("test_id")),
    ("code_implementations", source_batches("implementation_id")),
]


def lakehouse(folder, with_shut):
    file = folder / "users.json"
    add_user(file, "open", "write", {"Open"})
    add_user(file, "shut", "write", {"Shut"})
    add_user(file, "nothing", "read", set())
    add_user(file, "reader", "read")
    add_user(file, "root", "admin")
    server = Server(Settings(warehouse=str(folder / "warehouse"), users=str(file), threads=1))
    with flight.connect(server.uri) as client:
        for number, (table, (mine, other)) in enumerate(BATCHES):
            send(client, "root", table, mine, f"open {number}")
            if with_shut:
                send(client, "root", table, other, f"classified {number}")
    return server


def send(client, name, table, rows, batch_id, **more):
    """Ingest rows by plain Flight and return the receipt."""
    command = json.dumps({"table": table, "batch_id": batch_id, **more}).encode()
    writer, responses = client.do_put(flight.FlightDescriptor.for_command(command), rows.schema, bearer(token(name)))
    with writer:
        writer.write_table(rows)
        writer.done_writing()
        return json.loads(responses.read().to_pybytes())


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with lakehouse(tmp_path_factory.mktemp("both"), with_shut=True) as server:
        yield server


@pytest.fixture(scope="module")
def client_of_both(shared):
    with flight.connect(shared.uri) as client:
        yield client


@pytest.fixture(scope="module")
def client_of_open(tmp_path_factory):
    with lakehouse(tmp_path_factory.mktemp("alone"), with_shut=False) as server, flight.connect(server.uri) as client:
        yield client


def rows(client, name, text):
    return client.do_get(flight.Ticket(text.encode()), bearer(token(name))).read_all()


def snapshots(client, name):
    text = "SELECT snapshot_id FROM snapshots WHERE table_name = 'observations' ORDER BY committed_at, total_rows"
    return [str(number) for number in rows(client, name, text)["snapshot_id"].to_pylist()]


def result_of(client, name, text, versions):
    """Return the sorted rows or the error, without values that differ at each run."""
    for place, number in versions.items():
        text = text.replace(f"{{{place}}}", number)
    try:
        found = rows(client, name, text)
    except (flight.FlightError, pa.ArrowException) as error:
        text = re.split(r"\. (?:gRPC client debug context|Client context|Detail):", str(error))[0]
        return re.sub(r"\^+", "^", NEAR.sub("hint: the nearest", ONCE.sub("…", text)))
    return str(found.schema), sorted(ONCE.sub("…", str(line)) for line in found.to_pylist())


@pytest.fixture(scope="module")
def versions(client_of_both, client_of_open):
    """Snapshot ids for the placeholders in the statements, for both lakehouses; the first has the one of Shut."""
    ids, mine, shut = (
        snapshots(client_of_open, "open"),
        snapshots(client_of_both, "open"),
        snapshots(client_of_both, "shut"),
    )
    assert len(ids) == len(mine) == len(shut) == 2
    assert not set(mine) & set(shut)
    first = {"first": mine[0], "last": mine[1], "shut": shut[0]}
    return first, {"first": ids[0], "last": ids[1], "shut": shut[0]}


def test_there_are_enough_statements():
    assert len(STATEMENTS) >= 150
    assert len(set(STATEMENTS)) == len(STATEMENTS)


@pytest.fixture(scope="module")
def restricted(client_of_both, versions):
    """Return the result of a statement for the user of Open, cached."""
    return functools.cache(lambda statement: result_of(client_of_both, "open", statement, versions[0]))


@pytest.mark.parametrize("statement", STATEMENTS)
def test_statement_returns_the_same_as_in_a_lakehouse_of_granted_data(restricted, client_of_open, versions, statement):
    found = restricted(statement)
    assert found == result_of(client_of_open, "open", statement, versions[1])
    statement = statement.lower()
    for word in ("classified", "vault", "mole", "peek", "secret run"):
        assert word in statement or word not in str(found).lower()


def test_users_of_all_data_sets_see_other_results(client_of_both, restricted, versions):
    others = [one for one in STATEMENTS if result_of(client_of_both, "reader", one, versions[0]) != restricted(one)]
    assert len(others) >= MIN_DIFFERENT
    for one in others[:5]:  # results of other users are not cached for this user
        assert result_of(client_of_both, "open", one, versions[0]) == restricted(one)


@pytest.mark.parametrize("statement", ["SELECT * FROM observations", "CLUSTER FROM *", "SELECT * FROM runs"])
def test_profile_is_the_same_as_in_a_lakehouse_of_granted_data(client_of_both, client_of_open, statement):
    def cost(client, name):
        found = rows(client, name, f"EXPLAIN ANALYZE {statement}").to_pylist()
        varying = ("seconds", "cpu_seconds", "bytes_read", "memory_bytes")
        return [re.sub(r": [\d.]+ s", "", str(line)) for line in found if line["key"] not in varying]

    assert cost(client_of_both, "open") == cost(client_of_open, "open")
    assert cost(client_of_both, "open") != cost(client_of_both, "reader")


def test_status_and_flights_show_granted_data_only(client_of_both, client_of_open):
    def summary(client):
        options = bearer(token("open"))
        (status,) = client.do_action(flight.Action("srcql.status", b""), options)
        held = json.loads(status.body.to_pybytes())
        infos = [
            (info.descriptor.path, info.schema, info.total_records) for info in client.list_flights(options=options)
        ]
        return held | {"bytes": 0}, infos

    assert summary(client_of_both) == summary(client_of_open)
    assert [one["data_set_id"] for one in summary(client_of_both)[0]["data_sets"]] == ["Open"]


def test_user_without_grants_sees_an_empty_lakehouse(client_of_both):
    for text in ("SELECT * FROM observations", "CLUSTER FROM *", "SELECT * FROM snapshots", "SELECT * FROM runs"):
        assert rows(client_of_both, "nothing", text).num_rows == 0
    assert "there are no data sets yet" in result_of(client_of_both, "nothing", "SLICE FROM Open", {})


def test_grants_apply_to_parameter_values(shared):
    options = {"adbc.flight.sql.authorization_header": f"Bearer {token('open')}"}
    with flight_sql.connect(shared.uri, db_kwargs=options) as connection, connection.cursor() as cursor:
        for data_set, count in (("Open", 16), ("Shut", 0)):
            cursor.execute("SELECT count(*) FROM observations WHERE data_set_id = ?", (data_set,))
            assert cursor.fetchone() == (count,)


def info_of(client, name, text):
    return client.get_flight_info(flight.FlightDescriptor.for_command(text.encode()), bearer(token(name)))


def test_ticket_runs_with_the_grants_of_its_bearer(client_of_both):
    text = "SELECT data_set_id, count(*) AS rows FROM observations GROUP BY ALL ORDER BY ALL"
    for owner in ("reader", "shut"):
        (endpoint,) = info_of(client_of_both, owner, text).endpoints
        for name, seen in (("open", ["Open"]), ("nothing", []), ("reader", ["Open", "Shut"])):
            found = client_of_both.do_get(endpoint.ticket, bearer(token(name))).read_all()
            assert found["data_set_id"].to_pylist() == seen
        with pytest.raises(flight.FlightUnauthenticatedError):
            client_of_both.do_get(endpoint.ticket)


def act(client, name, kind, body, result=None):
    bodies = [
        response.body.to_pybytes() for response in client.do_action(flight.Action(kind, body), bearer(token(name)))
    ]
    return protocol.parse(result, bodies[0]) if result else protocol.unpack(bodies[0])


def prepare(client, name, text):
    request = protocol.pack(message("ActionCreatePreparedStatementRequest", query=text))
    return act(client, name, "CreatePreparedStatement", request).prepared_statement_handle


def test_prepared_statement_of_another_user_is_unknown(client_of_both):
    handle = prepare(client_of_both, "reader", "SELECT DISTINCT data_set_id FROM observations")
    command = protocol.pack(message("CommandPreparedStatementQuery", prepared_statement_handle=handle))
    descriptor = flight.FlightDescriptor.for_command(command)
    for name in ("open", "root"):
        with pytest.raises(pa.ArrowKeyError, match="unknown prepared statement"):
            client_of_both.get_flight_info(descriptor, bearer(token(name)))
        request = message("ActionClosePreparedStatementRequest", prepared_statement_handle=handle)
        list(
            client_of_both.do_action(
                flight.Action("ClosePreparedStatement", protocol.pack(request)), bearer(token(name))
            )
        )
    assert client_of_both.get_flight_info(descriptor, bearer(token("reader"))).schema.names == ["data_set_id"]


def test_transaction_of_another_user_is_unknown(client_of_both):
    begin = flight.Action("BeginTransaction", protocol.pack(message("ActionBeginTransactionRequest")))
    (begun,) = client_of_both.do_action(begin, bearer(token("reader")))
    transaction = protocol.unpack(begun.body.to_pybytes()).transaction_id
    request = message("ActionEndTransactionRequest", transaction_id=transaction, action=1)
    end = flight.Action("EndTransaction", protocol.pack(request))
    with pytest.raises(pa.ArrowKeyError, match="unknown transaction"):
        list(client_of_both.do_action(end, bearer(token("root"))))
    assert len(list(client_of_both.do_action(end, bearer(token("reader"))))) == 1


def test_statement_of_another_user_cannot_be_cancelled(client_of_both):
    info = info_of(client_of_both, "reader", "SELECT 1 AS one")
    request = message("CancelFlightInfoRequest", info=info.serialize()).SerializeToString()
    act(client_of_both, "open", "CancelFlightInfo", request, "CancelFlightInfoResult")
    found = client_of_both.do_get(info.endpoints[0].ticket, bearer(token("reader"))).read_all()
    assert found.to_pylist() == [{"one": 1}]


ONE = pa.Table.from_pylist([row("Open", "new", "a", "t1", "r3", "1")])
OTHER = pa.Table.from_pylist([row("Shut", "new", "a", "t1", "r3", "1")])


@pytest.fixture
def open_server(tmp_path):
    with lakehouse(tmp_path, with_shut=True) as server:
        yield server


def test_writer_can_write_granted_data_sets_only(open_server):
    with flight.connect(open_server.uri) as client:
        before = rows(client, "reader", "SELECT * FROM snapshots").num_rows
        for refused in (OTHER, pa.concat_tables([ONE, OTHER]), pa.concat_tables([OTHER, ONE])):
            with pytest.raises(flight.FlightUnauthorizedError, match="data set Shut is not granted"):
                send(client, "open", "observations", refused, "new")
        with pytest.raises(flight.FlightUnauthorizedError, match="user reader with the role read cannot ingest"):
            send(client, "reader", "observations", ONE, "new")
        with pytest.raises(flight.FlightUnauthorizedError, match="user open with the role write cannot add columns"):
            send(client, "open", "observations", ONE.append_column("extra", [["x"]]), "new", evolve=True)
        assert rows(client, "reader", "SELECT * FROM snapshots").num_rows == before
        assert send(client, "open", "observations", ONE, "new")["rows"] == 1
        assert rows(client, "open", "SELECT run_id FROM observations WHERE problem_id = 'new'").num_rows == 1
        evolved = send(client, "root", "observations", OTHER.append_column("extra", [["x"]]), "newer", evolve=True)
        assert evolved["rows"] == 1


def test_grants_apply_to_adbc_ingest(open_server):
    options = {"adbc.flight.sql.authorization_header": f"Bearer {token('open')}"}
    with flight_sql.connect(open_server.uri, db_kwargs=options, autocommit=True) as connection:
        with connection.cursor() as cursor, pytest.raises(flight_sql.ProgrammingError, match="Shut is not granted"):
            cursor.adbc_ingest("observations", OTHER, mode="append")
        with connection.cursor() as cursor:
            assert cursor.adbc_ingest("observations", ONE, mode="append") == 1


def test_receipt_of_a_repeated_batch_reveals_nothing(open_server):
    with flight.connect(open_server.uri) as client:
        mine = send(client, "open", "observations", ONE, "open 0")
        others = send(client, "open", "observations", ONE, "classified 0")
        assert mine | {"batch_id": ""} == others | {"batch_id": ""}
        assert (others["repeated"], others["rows"]) == (True, 1)


def test_partly_granted_commit_counts_granted_rows_and_hides_batch_ids(open_server):
    with flight.connect(open_server.uri) as client:
        send(client, "root", "observations", pa.concat_tables([ONE, OTHER]), "both of them")
        last = "FROM snapshots ORDER BY committed_at DESC, total_rows DESC LIMIT 1"
        text = f"SELECT added_rows, total_rows, batch_ids {last}"
        assert rows(client, "open", text).to_pylist() == [{"added_rows": 1, "total_rows": 17, "batch_ids": []}]
        assert rows(client, "reader", text).to_pylist() == [
            {"added_rows": 2, "total_rows": 34, "batch_ids": ["both of them"]}
        ]


def test_timestamp_between_granted_commits_reads_the_earlier(open_server):
    """Snapshots of other data sets in between do not count as a gap."""
    text = "SELECT arg_min(committed_at, total_rows) AS time FROM snapshots WHERE table_name = 'observations'"
    with flight.connect(open_server.uri) as client:
        (first,) = rows(client, "open", text)["time"].to_pylist()
        between = f"AT (TIMESTAMP => '{first}')"
        assert rows(client, "open", f"SELECT run_id FROM observations {between}")["run_id"].unique().to_pylist() == [
            "r1"
        ]


def test_changed_grants_apply_to_the_next_call(open_server, tmp_path):
    text = "SELECT count(*) AS rows FROM observations"
    with flight.connect(open_server.uri) as client:
        handle = prepare(client, "open", text)
        (endpoint,) = info_of(client, "open", text).endpoints
        users.remove(tmp_path / "users.json", "open")
        add_user(tmp_path / "users.json", "open", "read", {"Open", "Shut"})
        assert rows(client, "open", text).to_pylist() == [{"rows": 32}]
        assert client.do_get(endpoint.ticket, bearer(token("open"))).read_all().to_pylist() == [{"rows": 32}]
        command = protocol.pack(message("CommandPreparedStatementQuery", prepared_statement_handle=handle))
        with pytest.raises(pa.ArrowKeyError, match="unknown prepared statement"):
            client.get_flight_info(flight.FlightDescriptor.for_command(command), bearer(token("open")))


def remove(file):
    file.unlink()


def truncate(file):
    file.write_bytes(file.read_bytes()[:100])


def empty(file):
    file.write_bytes(b"")


def damage_footer(file):
    file.write_bytes(file.read_bytes()[:-8] + b"\xff\xff\xff\x7fPAR1")


@pytest.mark.parametrize("damage", [remove, truncate, empty, damage_footer])
def test_errors_name_files_to_users_of_all_data_sets_only(open_server, tmp_path, damage):
    for file in (tmp_path / "warehouse" / "data" / "observations").rglob("*.parquet"):
        damage(file)
    with flight.connect(open_server.uri) as client:
        for name, shown in (("open", False), ("reader", True)):
            with pytest.raises(pa.ArrowException) as error:
                rows(client, name, "SELECT max(output) FROM observations")
            assert (".parquet" in str(error.value)) is shown
            assert (str(tmp_path) in str(error.value)) is shown
            assert ("search the server log for this id" in str(error.value)) is not shown
