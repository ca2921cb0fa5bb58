"""Ingestion by plain Flight and by the ADBC driver."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from flight_server import protocol
from flight_server.namespace import CATALOG, DB_SCHEMA
from flight_server.protocol import message, pack
from tests.flight_server.rpc import connect, observations, put, query

PATH = flight.FlightDescriptor.for_path("observations")
BATCH_ID = "srcql-batch-id"


@pytest.fixture
def client(server):
    with flight.connect(server.uri) as connected:
        yield connected


@pytest.fixture
def sql(server):
    with connect(server) as connection:
        yield connection


def command(**fields):
    return flight.FlightDescriptor.for_command(json.dumps(fields).encode())


def rows_of(client, table="observations"):
    return query(client, f"SELECT count(*) AS n FROM {table}")["n"][0].as_py()


def test_put_by_path(client):
    receipt = json.loads(put(client, PATH, observations()))
    assert (receipt["table"], receipt["rows"], receipt["repeated"]) == ("observations", 12, False)
    assert set(receipt) == {"table", "rows", "snapshot_id", "batch_id", "repeated"}
    assert rows_of(client) == 12


def test_repeated_batch_id_is_stored_once(client):
    request = command(table="observations", batch_id="night-7")
    first, second = (json.loads(put(client, request, observations())) for _ in range(2))
    assert first == {**second, "repeated": False}
    assert second["repeated"]
    assert second["batch_id"] == "night-7"
    assert rows_of(client) == 12


def test_every_repeat_is_acknowledged(client):
    request = command(table="observations", batch_id="night-7")
    responses = [json.loads(put(client, request, observations())) for _ in range(200)]
    assert [response["repeated"] for response in responses] == [False] + [True] * 199


def test_batch_id_from_schema_or_header(client, sql):
    with_id = observations().replace_schema_metadata({BATCH_ID: "night-7"})
    assert json.loads(put(client, PATH, with_id))["batch_id"] == "night-7"
    with sql.cursor() as cursor:
        assert cursor.adbc_ingest("observations", with_id, mode="append") == 12
        cursor.adbc_statement.set_options(**{f"adbc.flight.sql.rpc.call_header.{BATCH_ID}": "night-8"})
        assert cursor.adbc_ingest("observations", observations(run="r8"), mode="append") == 12
        assert cursor.adbc_ingest("observations", observations(run="r8"), mode="append") == 12
    assert rows_of(client) == 24


def test_without_a_batch_id_every_batch_is_stored(client, sql):
    assert not any(json.loads(put(client, PATH, observations()))["repeated"] for _ in range(2))
    with sql.cursor() as cursor:
        cursor.adbc_ingest("observations", observations(), mode="append")
    assert rows_of(client) == 36


def test_a_batch_id_by_content(client):
    request = command(table="observations", by_content=True)
    first, second = (json.loads(put(client, request, observations())) for _ in range(2))
    assert first == {**second, "repeated": False}
    with_id = observations().replace_schema_metadata({BATCH_ID: "night-7"})
    assert json.loads(put(client, request, with_id))["batch_id"] == first["batch_id"]
    assert rows_of(client) == 12


@pytest.mark.parametrize("request_", [command(table="observations", batch_id=""), PATH])
def test_an_empty_batch_id_is_rejected(client, request_):
    rows = observations().replace_schema_metadata({BATCH_ID: ""})
    with pytest.raises(pa.ArrowInvalid, match="batch_id: expected text of 1 to 1,000 bytes, found ''"):
        put(client, request_, rows)


def test_new_column_requires_evolve(client):
    rows = observations().append_column("seed", pa.array([7] * 12))
    with pytest.raises(pa.ArrowInvalid, match="seed"):
        put(client, PATH, rows)
    put(client, command(table="observations", evolve=True), rows)
    assert query(client, "SELECT DISTINCT seed FROM observations").to_pydict() == {"seed": [7]}


def test_adbc_ingest_into_each_table(client, sql):
    code = pa.table({"data_set_id": ["D"], "problem_id": ["gcd"], "implementation_id": ["a"], "source_code": ["x"]})
    tests = pa.table({"data_set_id": ["D"], "problem_id": ["gcd"], "test_id": ["t1"], "source_code": ["y"]})
    with sql.cursor() as cursor:
        for table, rows in (("code_implementations", code), ("tests", tests), ("observations", observations())):
            assert cursor.adbc_ingest(table, rows, mode="append") == len(rows)
            assert rows_of(client, table) == len(rows)


def test_ingest_with_catalog_and_schema(client, sql):
    with sql.cursor() as cursor:
        cursor.adbc_ingest(
            "observations", observations(), mode="append", catalog_name=CATALOG, db_schema_name=DB_SCHEMA
        )
    assert rows_of(client) == 12


@pytest.mark.parametrize(
    ("table", "options", "expected"),
    [
        ("observation", {}, "did you mean observations"),
        ("observations", {"mode": "create"}, "can only be appended to: the table already exists"),
        ("observations", {"mode": "replace"}, "can only be appended to: rows are never replaced"),
        ("observations", {"mode": "create_append"}, "can only be appended to: tables cannot be created"),
        ("mine", {"mode": "create"}, "unknown table mine"),
        ("observations", {"temporary": True}, "temporary tables are not supported"),
        ("observations", {"catalog_name": "other"}, "unknown catalog other"),
        ("observations", {"db_schema_name": "other"}, "unknown schema other"),
    ],
)
def test_other_tables_and_modes_are_rejected(client, sql, table, options, expected):
    with sql.cursor() as cursor, pytest.raises(sql.Error, match=expected):
        cursor.adbc_ingest(table, observations(), **{"mode": "append", **options})
    assert rows_of(client) == 0


def bulk(**fields):
    """Return the descriptor of an appending CommandStatementIngest with these fields."""
    append = {"if_not_exist": 2, "if_exists": 2}
    given = {"table": "observations", "table_definition_options": append, **fields}
    return flight.FlightDescriptor.for_command(pack(message("CommandStatementIngest", **given)))


def test_ingestion_options(client):
    options = [{"key": "batch_id", "value": "night-9"}, {"key": "evolve", "value": "true"}]
    rows = observations().append_column("seed", pa.array([7] * 12))
    for _ in range(2):
        answer = protocol.parse("DoPutUpdateResult", put(client, bulk(options=options), rows))
        assert answer.record_count == 12
    assert query(client, "SELECT DISTINCT seed FROM observations").to_pydict() == {"seed": [7]}
    assert rows_of(client) == 12


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"transaction_id": b"x"}, "inside a transaction is not supported"),
        ({"options": [{"key": "evolve", "value": "perhaps"}]}, "unexpected ingestion option evolve = 'perhaps'"),
        ({"options": [{"key": "colour", "value": "red"}]}, "unexpected ingestion option colour = 'red'"),
        ({"table_definition_options": {}}, "the command sets no mode"),
        ({"table_definition_options": {"if_not_exist": 2, "if_exists": 9}}, "can only be appended to"),
    ],
)
def test_unknown_ingestion_options_are_rejected(client, fields, expected):
    with pytest.raises((NotImplementedError, pa.ArrowInvalid), match=expected):
        put(client, bulk(**fields), observations())
    assert rows_of(client) == 0


@pytest.mark.parametrize(
    ("descriptor", "expected"),
    [
        (flight.FlightDescriptor.for_path("observation"), "did you mean observations"),
        (flight.FlightDescriptor.for_path("a", "b"), "name of one table"),
        (flight.FlightDescriptor.for_path(), "name of one table"),
        (flight.FlightDescriptor.for_command(b""), "expected a JSON object"),
        (flight.FlightDescriptor.for_command(b"observations"), "expected a JSON object"),
        (flight.FlightDescriptor.for_command(b"\xff\xfe"), "expected a JSON object"),
        (flight.FlightDescriptor.for_command(b"[1]"), "expected a JSON object"),
        (flight.FlightDescriptor.for_command(b"[" * 100_000), "expected a JSON object"),
        (flight.FlightDescriptor.for_command(rb'{"table": "\ud800"}'), "expected a JSON object"),
        (command(batch_id="x"), "expected a JSON object"),
        (command(table=7), "unexpected table = 7"),
        (command(table="tests", evolve="yes"), "unexpected evolve = 'yes'"),
        (command(table="tests", batch="x"), "unexpected batch = 'x'"),
        (command(table="tests", batch_id="x", by_content=True), "expected batch_id or by_content, found both"),
    ],
)
def test_invalid_descriptors_are_rejected(client, descriptor, expected):
    with pytest.raises((pa.ArrowInvalid, KeyError), match=expected):
        put(client, descriptor, observations())
    assert rows_of(client) == 0


def test_one_invalid_row_rejects_the_whole_stream(client):
    writer, responses = client.do_put(PATH, observations().schema)
    good, bad = (
        observations(),
        observations(run="r2").slice(0, 1).set_column(0, "data_set_id", pa.array([None], pa.string())),
    )
    with pytest.raises(pa.ArrowInvalid, match="data_set_id"):
        send(writer, responses, [good, bad])
    assert rows_of(client) == 0


def send(writer, responses, tables):
    with writer:
        for table in tables:
            writer.write_table(table)
        writer.done_writing()
        return responses.read()


def test_empty_unions_do_not_crash(start):
    """Arrow crashes on the size of an empty union that was read from a stream."""
    numbers, texts = pa.array([], pa.int64()), pa.array([], pa.string())
    empty = pa.UnionArray.from_dense(pa.array([], pa.int8()), pa.array([], pa.int32()), [numbers, texts])
    rows = observations()
    lists = pa.ListArray.from_arrays(pa.array([0] * (len(rows) + 1), pa.int32()), empty)
    path = flight.FlightDescriptor.for_path("observations")
    with flight.connect(start().uri) as client:
        for good, column in ((rows.slice(0, 0), empty), (rows, lists)):
            with suppress(pa.ArrowInvalid):
                put(client, path, good.set_column(good.schema.get_field_index("output"), "output", column))
        assert rows_of(client) == 0


def test_many_batches_of_one_stream_are_one_commit(client):
    writer, responses = client.do_put(PATH, observations().schema)
    batches = [observations(run=f"r{number}") for number in range(300)]
    receipt = json.loads(send(writer, responses, batches).to_pybytes())
    assert receipt["rows"] == 3600
    (status,) = client.do_action("srcql.status")
    assert json.loads(status.body.to_pybytes())["snapshots"] == 1


def test_metadata_between_batches_is_ignored(client):
    rows = observations()
    writer, responses = client.do_put(PATH, rows.schema)
    with writer:
        writer.write_metadata(b"first")
        for batch in rows.to_batches():
            writer.write_with_metadata(batch, b"with it")
        writer.write_metadata(b"last")
        writer.done_writing()
        assert json.loads(responses.read().to_pybytes())["rows"] == 12


def test_schema_metadata_is_not_stored(client):
    rows = observations()
    fields = [field.with_metadata({"PARQUET:field_id": "99", "comment": "x"}) for field in rows.schema]
    put(client, PATH, rows.cast(pa.schema(fields, metadata={"pandas": "{}"})))
    assert query(client, "SELECT problem_id FROM observations").num_rows == 12


def test_string_of_20_mb(client):
    rows = pa.table({"data_set_id": ["D"], "problem_id": ["p"], "test_id": ["t"], "source_code": ["x" * 20_000_000]})
    put(client, flight.FlightDescriptor.for_path("tests"), rows)
    assert query(client, "SELECT len(source_code) AS n FROM tests").to_pydict() == {"n": [20_000_000]}


def test_put_without_rows(client):
    receipt = json.loads(put(client, PATH, observations().slice(0, 0)))
    assert receipt["rows"] == 0


def test_two_clients_ingest_at_once(server):
    def work(run):
        with flight.connect(server.uri) as client:
            return [json.loads(put(client, PATH, observations(run=f"{run}-{number}")))["rows"] for number in range(5)]

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(work, "ab")) == [[12] * 5] * 2
    with flight.connect(server.uri) as client:
        assert rows_of(client) == 120


SENDER = """
import sys, pyarrow as pa, pyarrow.flight as flight
from tests.flight_server.rpc import observations
client, descriptor = flight.connect(sys.argv[1]), flight.FlightDescriptor.for_path("observations")
writer, responses = client.do_put(descriptor, observations().schema)
writer.write_table(observations())
print("sent", flush=True)
sys.stdin.read()
"""


def test_rows_of_a_killed_client_are_not_stored(server, client):
    with subprocess.Popen(
        [sys.executable, "-c", SENDER, server.uri],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout.readline() == "sent\n"
        os.kill(process.pid, signal.SIGKILL)
    assert server.wait_until_idle(30)
    assert rows_of(client) == 0
