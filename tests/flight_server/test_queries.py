"""Queries by the ADBC driver and by plain Flight."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal

import adbc_driver_manager
import pyarrow as pa
import pyarrow.flight as flight
import pytest

from flight_server import protocol
from flight_server.protocol import message, pack
from tests.flight_server.rpc import connect, observations, put, query, query_adbc, send_nothing

CLUSTERS = "CLUSTER FROM D.gcd USING EXACT"
VALUES = "SELECT count(*) AS n FROM observations WHERE problem_id = ? AND step_id < ?"


def command(name, **fields):
    return flight.FlightDescriptor.for_command(pack(message(name, **fields)))


def rows(sql, text, parameters=None):
    with sql.cursor() as cursor:
        return query_adbc(cursor, text, parameters)


def test_adbc_and_plain_flight_return_the_same_rows(sql, client):
    found = rows(sql, CLUSTERS)
    assert found.num_rows == 2
    assert found.equals(query(client, CLUSTERS))


def test_sql_around_a_verb(sql):
    assert rows(sql, f"SELECT count(*) AS n FROM ({CLUSTERS})").to_pydict() == {"n": [2]}


def test_unprepared_statement(sql):
    with adbc_driver_manager.AdbcStatement(sql.adbc_connection) as statement:
        statement.set_sql_query(CLUSTERS)
        stream, _ = statement.execute_query()
        assert pa.RecordBatchReader._import_from_c(stream.address).read_all().num_rows == 2
        handle = statement.execute_schema()
        announced = pa.Schema._import_from_c(handle.address)
    assert announced == rows(sql, CLUSTERS).schema


def test_announced_schema_matches_the_rows(sql, client):
    with sql.cursor() as cursor:
        announced = cursor.adbc_execute_schema(CLUSTERS)
    descriptor = flight.FlightDescriptor.for_command(CLUSTERS)
    info = client.get_flight_info(descriptor)
    streamed = client.do_get(info.endpoints[0].ticket).read_all().schema
    assert announced == info.schema == client.get_schema(descriptor).schema == streamed


@pytest.mark.parametrize("parameters", [("gcd", 1), ("gcd", 1.0), ("gcd", True)])
def test_parameters(sql, parameters):
    assert rows(sql, VALUES, parameters).to_pydict() == {"n": [6]}


def test_prepared_statement_with_new_values(sql):
    with sql.cursor() as cursor:
        for problem, count in (("gcd", 6), ("nothing", 0), (None, 0), ("queue", 6)):
            cursor.execute(VALUES, (problem, 1))
            assert cursor.fetchone() == (count,)


def test_parameters_of_other_types(sql):
    values = (date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5), Decimal("1.50"), b"\x00\xff", [1, 2])
    text = "SELECT ?::DATE AS a, ?::TIMESTAMP AS b, ?::DECIMAL(9,2) AS c, ?::BLOB AS d, ?::INTEGER[] AS e"
    assert rows(sql, text, values).to_pylist() == [dict(zip("abcde", values, strict=True))]


def test_prepare_returns_the_parameter_types(sql):
    with sql.cursor() as cursor:
        assert [field.type for field in cursor.adbc_prepare(VALUES)] == [pa.string(), pa.int32()]
        assert len(cursor.adbc_prepare(CLUSTERS)) == 0


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("SELECT ?", [pa.string()]),
        ("SELECT lower(?), coalesce(?, 1)", [pa.string(), pa.string()]),
        ("SELECT ?::DATE, CAST(? AS DECIMAL(9, 2))", [pa.date32(), pa.decimal128(9, 2)]),
        ("SELECT * FROM observations WHERE created_at BETWEEN ? AND ?", [pa.timestamp("us")] * 2),
        ("SELECT * FROM observations WHERE step_id IN (?, 1, ?)", [pa.int32()] * 2),
        ("SELECT * FROM observations WHERE step_id + ? < 3 AND output LIKE ?", [pa.int32(), pa.string()]),
        ("SELECT problem_id FROM observations GROUP BY 1 HAVING count(*) > ? LIMIT ? OFFSET ?", [pa.int64()] * 3),
        ("SELECT * FROM (CLUSTER FROM D.gcd) WHERE size > ? AND share >= ?", [pa.int64(), pa.float64()]),
        ("SLICE FROM D WHERE step_id = ? AND specified_oracle = ?", [pa.int32(), pa.bool_()]),
        (
            "WITH c AS (CLUSTER FROM D) SELECT * FROM c JOIN runs ON size = ? WHERE is_largest = ?",
            [pa.int64(), pa.bool_()],
        ),
        ("SELECT $2, $1 = step_id FROM observations", [pa.int32(), pa.string()]),
        (
            "SELECT ? IN (SELECT step_id FROM observations), ? = ANY (SELECT response_key FROM observations)",
            [pa.int32(), pa.int64()],
        ),
        ("SELECT 1 FROM observations AS o WHERE EXISTS (FROM tests WHERE o.step_id = ?)", [pa.int32()]),
        ("SELECT ? UNION SELECT step_id FROM observations WHERE NOT (? = step_id)", [pa.string(), pa.int32()]),
        ("EXPLAIN SELECT * FROM observations WHERE step_id = ?", [pa.string()]),
    ],
)
def test_parameter_has_the_type_of_the_other_operand(sql, text, types):
    with sql.cursor() as cursor:
        assert [field.type for field in cursor.adbc_prepare(text)] == types


ROWS = (
    "(SELECT 'D' AS data_set_id, 'p' AS problem_id, name AS implementation_id, 't' AS test_id, 'r' AS run_id,"
    " 0 AS step_id, '1' AS \"output\" FROM unnest(?) AS r(name))"
)


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("SELECT x FROM unnest(?) AS t(x)", ([1, 2],), {"x": [1, 2]}),
        ("SELECT quantile_cont(i, ?) AS q FROM range(11) AS t(i)", (0.5,), {"q": [5.0]}),
        ("SELECT quantile_cont(i, ?) AS q FROM range(11) AS t(i)", ([0.5, 0.1],), {"q": [[5.0, 1.0]]}),
        ("SELECT approx_quantile(i, ?::FLOAT) AS q FROM range(11) AS t(i)", (0.5,), {"q": [5]}),
        ("SELECT regexp_replace('aB', 'b', 'c', ?) AS v", ("i",), {"v": ["ac"]}),
        ("SELECT MAP {?: 1} AS v", ("a",), {"v": [[("a", 1)]]}),
        ("SELECT list_aggregate([1, 2], ?) AS v", ("min",), {"v": [1]}),
        ("SELECT ? + INTERVAL 1 DAY AS v", (datetime(2026, 2, 3),), {"v": [datetime(2026, 2, 4)]}),
        (f"SELECT i1, i2 FROM (MATRIX FROM {ROWS})", (["i1", "i2"],), {"i1": ["1"], "i2": ["1"]}),
        (f"SELECT size FROM (CLUSTER FROM {ROWS})", (["i1", "i2"],), {"size": [2]}),
    ],
)
def test_parameters_that_may_not_be_null(sql, text, values, expected):
    assert rows(sql, text, values).to_pydict() == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT missing, ?", "unknown column missing"),
        ("SELECT quantile_cont(missing, ?) FROM range(3) AS t(i)", "unknown column missing"),
        (
            f"MATRIX FROM {ROWS.replace('name AS i', 'missing AS i').replace('0', '?').replace('(?)', '([1])')}",
            "unknown column missing",
        ),
    ],
)
def test_mistakes_that_no_value_corrects_are_reported_by_prepare(sql, text, reason):
    with sql.cursor() as cursor, pytest.raises(sql.ProgrammingError, match=reason):
        cursor.adbc_prepare(text)


def test_null_for_a_parameter_that_may_not_be_null_is_reported(sql):
    with pytest.raises(sql.ProgrammingError, match='"quantile_cont" must not be NULL'):
        rows(sql, "SELECT quantile_cont(i, ?) AS q FROM range(11) AS t(i)", (None,))


def test_text_values_are_converted(sql):
    assert rows(sql, VALUES, ("gcd", "1")).to_pydict() == {"n": [6]}


def query_with_values(sql, text, values):
    """Return the rows for several rows of values, which DB-API does not support."""
    with adbc_driver_manager.AdbcStatement(sql.adbc_connection) as statement:
        statement.set_sql_query(text)
        statement.prepare()
        statement.bind(values)
        stream, _ = statement.execute_query()
        return pa.RecordBatchReader._import_from_c(stream.address).read_all()


def test_query_runs_once_for_each_row_of_values(sql):
    values = pa.record_batch({"0": ["gcd", "nothing", "queue"], "1": pa.array([1, 1, 1], pa.int32())})
    assert query_with_values(sql, VALUES, values).to_pydict() == {"n": [6, 0, 6]}


def test_columns_that_differ_between_rows_of_values_are_rejected(sql):
    with pytest.raises(pa.ArrowInvalid, match="differ between rows of values"):
        query_with_values(sql, "SELECT x FROM (SELECT ? AS x)", union([1, "a"]))


def union(values):
    """Return values in a dense union, which some clients use."""
    kinds = pa.array([0 if isinstance(value, int) else 1 for value in values], pa.int8())
    children = [pa.array([value for value in values if isinstance(value, kind)]) for kind in (int, str)]
    places = [sum(kind == other for other in kinds.to_pylist()[:at]) for at, kind in enumerate(kinds.to_pylist())]
    column = pa.UnionArray.from_dense(kinds, pa.array(places, pa.int32()), children)
    return pa.record_batch([column], names=["param_0"])


def put_values(client, text, batch):
    """Prepare a statement and bind the values; return its descriptor."""
    body = pack(message("ActionCreatePreparedStatementRequest", query=text))
    (created,) = client.do_action(("CreatePreparedStatement", body))
    handle = protocol.unpack(created.body.to_pybytes()).prepared_statement_handle
    prepared = command("CommandPreparedStatementQuery", prepared_statement_handle=handle)
    writer, responses = client.do_put(prepared, batch.schema)
    with writer:
        for part in (batch.slice(0, 1), batch.slice(1)):
            writer.write_batch(part)
        writer.done_writing()
        result = protocol.parse("DoPutPreparedStatementResult", responses.read().to_pybytes())
    assert result.prepared_statement_handle == handle
    return prepared


def test_values_of_a_dense_union(client):
    batch = pa.record_batch([union(["gcd"]).column(0), union([1]).column(0)], names=["param_0", "param_1"])
    ticket = client.get_flight_info(put_values(client, VALUES, batch)).endpoints[0].ticket
    assert client.do_get(ticket).read_all().to_pydict() == {"n": [6]}


def test_values_in_several_batches_and_of_no_rows(client):
    values = pa.record_batch({"0": ["gcd", "nothing"], "1": pa.array([1, 1], pa.int32())})
    for batch, answer in ((values, [6, 0]), (values.slice(0, 0), [])):
        ticket = client.get_flight_info(put_values(client, VALUES, batch)).endpoints[0].ticket
        assert client.do_get(ticket).read_all()["n"].to_pylist() == answer


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (pa.array([1234567890123456789], pa.timestamp("ns")), "2009-02-13 23:31:30.123456789"),
        (pa.array([1234567890123456789], pa.timestamp("ns", "UTC")), "2009-02-13 23:31:30.123456789+00"),
        (pa.array([123456789], pa.time64("ns")), "00:00:00.123456789"),
        (pa.array([pa.MonthDayNano([14, -2, 3_000])]), "1 year 2 months -2 days 00:00:00.000003"),
        (pa.array([Decimal(2**127 - 1)], pa.decimal256(39, 0)), str(2**127 - 1)),
        (pa.array([Decimal(2**128 - 1)], pa.decimal256(39, 0)), str(2**128 - 1)),
        (pa.array([Decimal("1.10")], pa.decimal128(9, 2)), "1.10"),
        (pa.array(["gcd"]).dictionary_encode(), "gcd"),
        (pa.array([2**64 - 1], pa.uint64()), str(2**64 - 1)),
    ],
)
def test_values_of_parameters_are_exact(client, value, text):
    batch = pa.concat_batches([pa.record_batch({"0": each}) for each in (value, pa.nulls(1, value.type))])
    ticket = client.get_flight_info(put_values(client, "SELECT ?::VARCHAR AS v", batch)).endpoints[0].ticket
    assert client.do_get(ticket).read_all()["v"].to_pylist() == [text, None]


def changed(batch: pa.RecordBatch, old: bytes, new: bytes, is_done) -> pa.RecordBatch:
    """Return the batch after the first change of these bytes in its stream of which `is_done` is true."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    data = sink.getvalue().to_pybytes()
    places = (place for place in range(len(data)) if data.startswith(old, place))
    streams = (pa.ipc.open_stream(data[:place] + new + data[place + len(old) :]) for place in places)
    return next(stream for stream in streams if is_done(stream.schema)).read_next_batch()


@pytest.mark.parametrize(
    ("batch", "change", "reason"),
    [
        (pa.record_batch({"name": [1]}), (b"name", b"n\xffme"), "names of columns must be UTF-8"),
        (pa.record_batch({"0": [{"name": 1}]}), (b"name", b"n\xffme"), "names of fields must be UTF-8"),
        (pa.record_batch({"0": [pa.MonthDayNano([1, 2, 3])]}), (b"\2", b"\0"), "send an interval as month_day_nano"),
    ],
)
def test_values_that_python_cannot_read_are_rejected(client, batch, change, reason):
    odd = changed(batch, *change, lambda schema: change[0] != b"\2" or str(schema.types[0]) == "month_interval")
    with pytest.raises(pa.ArrowInvalid, match=reason):
        client.get_flight_info(put_values(client, "SELECT ? AS value", odd))
    assert query(client, "SELECT 1 AS one").to_pydict() == {"one": [1]}


NULLS = pa.Array.from_buffers(pa.null(), 2**31 - 2, [None])  # they take no bytes


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (NULLS, "at most 1,000,000 rows"),
        (pa.ListArray.from_arrays(pa.array([0, len(NULLS)], pa.int32()), NULLS), "at most 1,000,000 rows"),
        (pa.array(["x" * 20_000_000]), "16,777,216 bytes"),
        (pa.array([10**8], pa.date32()), "cannot read the parameter values"),
        (pa.array([pa.MonthDayNano([0, 0, 1])]), "fraction of a microsecond"),
        (pa.array([Decimal("1" * 39 + ".5")], pa.decimal256(40, 1)), "more than 38 digits"),
        (pa.array([2**60], pa.timestamp("s")), "cannot read the parameter values"),
        (pa.array([1], pa.timestamp("us", "Europe/Atlantis")), "cannot read the parameter values"),
        (pa.array([b"\xff\xfe"]).view(pa.string()), "UTF8"),
    ],
)
def test_invalid_values_are_rejected(client, values, reason):
    with pytest.raises(pa.ArrowInvalid, match=reason):
        client.get_flight_info(put_values(client, "SELECT ? AS value", pa.record_batch({"0": values})))
    assert query(client, "SELECT 1 AS one").to_pydict() == {"one": [1]}


def test_executemany_is_rejected(sql):
    with sql.cursor() as cursor:
        cursor.adbc_prepare(VALUES)
        with pytest.raises(sql.ProgrammingError, match="returns rows"):
            cursor.executemany(VALUES, [("gcd", 1), ("queue", 1)])


def test_missing_values_are_reported(sql):
    with sql.cursor() as cursor, pytest.raises(sql.ProgrammingError, match="expected 2 parameters"):
        query_adbc(cursor, VALUES)


@pytest.mark.parametrize(
    "text", ["INSERT INTO tests VALUES (1)", "CREATE TABLE t (a INT)", "DROP TABLE tests", "COPY tests TO 'x'"]
)
def test_statements_that_write_are_rejected(sql, client, text):
    with sql.cursor() as cursor, pytest.raises(sql.ProgrammingError, match="expected a query") as raised:
        cursor.execute(text)
    assert "PermissionDenied" in str(raised.value)
    writer, responses = client.do_put(command("CommandStatementUpdate", query=text), pa.schema([]))
    with pytest.raises(flight.FlightUnauthorizedError, match="expected a query"):
        send_nothing(writer, responses)


def test_query_cannot_run_as_update(sql):
    with adbc_driver_manager.AdbcStatement(sql.adbc_connection) as statement:
        statement.set_sql_query("SELECT 1")
        with pytest.raises(adbc_driver_manager.ProgrammingError, match="returns rows"):
            statement.execute_update()


def test_prepared_statement_reads_the_latest_commit(start):
    server = start()
    with connect(server) as sql, sql.cursor() as cursor, flight.connect(server.uri) as client:
        seen = []
        for run in ("r1", "r2"):
            put(client, flight.FlightDescriptor.for_path("observations"), observations(run=run))
            cursor.execute("SELECT count(*) FROM observations")
            seen.append(cursor.fetchone()[0])
    assert seen == [12, 24]


def test_ticket_reads_its_snapshot_again(start):
    server = start()
    with flight.connect(server.uri) as client:
        path = flight.FlightDescriptor.for_path("observations")
        put(client, path, observations(run="r1"))
        ticket = client.get_flight_info(path).endpoints[0].ticket
        first = client.do_get(ticket).read_all()
        put(client, path, observations(run="r2"))
        assert first.num_rows == 12
        assert client.do_get(ticket).read_all().equals(first)
        assert query(client, "SELECT * FROM observations").num_rows == 24


def test_ticket_works_on_another_connection(filled, sql):
    with sql.cursor() as cursor:
        partitions, schema = cursor.adbc_execute_partitions(CLUSTERS)
        with connect(filled) as other, other.cursor() as reader:
            reader.adbc_read_partition(partitions[0])
            assert reader.fetch_arrow_table().schema == schema


def test_closed_statement_is_unknown(client):
    body = pack(message("ActionCreatePreparedStatementRequest", query=CLUSTERS))
    (created,) = client.do_action(("CreatePreparedStatement", body))
    result = protocol.unpack(created.body.to_pybytes())
    assert result.HasField("is_update")
    assert not result.is_update
    handle = result.prepared_statement_handle
    ticket = (
        client.get_flight_info(command("CommandPreparedStatementQuery", prepared_statement_handle=handle))
        .endpoints[0]
        .ticket
    )
    close = pack(message("ActionClosePreparedStatementRequest", prepared_statement_handle=handle))
    for _ in range(2):
        list(client.do_action(("ClosePreparedStatement", close)))
    assert client.do_get(ticket).read_all().num_rows == 2  # a ticket needs no handle
    with pytest.raises(KeyError, match="unknown prepared statement"):
        client.get_flight_info(command("CommandPreparedStatementQuery", prepared_statement_handle=handle))


def test_command_can_be_the_ticket(client):
    ticket = flight.Ticket(pack(message("CommandStatementQuery", query=CLUSTERS)))
    assert client.do_get(ticket).read_all().num_rows == 2


def test_two_connections_query_at_once(filled):
    together = threading.Barrier(2)

    def work(problem):
        with connect(filled) as sql:
            together.wait(30)
            return [rows(sql, VALUES, (problem, 1))["n"][0].as_py() for _ in range(10)]

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(work, ["gcd", "nothing"])) == [[6] * 10, [0] * 10]


def test_two_results_of_one_connection_interleaved(sql):
    with sql.cursor() as one, sql.cursor() as other:
        one.execute("SELECT range AS n FROM range(200000) ORDER BY n")
        other.execute("SELECT -range AS n FROM range(200000) ORDER BY n DESC")
        pairs = [(one.fetchone()[0], other.fetchone()[0]) for _ in range(1000)]
    assert pairs == [(number, -number) for number in range(1000)]


def test_wide_result_is_split_into_small_batches(client):
    text = "SELECT range AS n, repeat('x', 1000) AS wide FROM range(20000) ORDER BY n"
    batches = [chunk.data for chunk in client.do_get(flight.Ticket(text.encode()))]
    assert max(batch.nbytes for batch in batches) <= 3.5 * 2**20
    assert pa.Table.from_batches(batches)["n"].to_pylist() == list(range(20000))


def test_wide_result_by_adbc(sql):
    assert rows(sql, "SELECT repeat('x', 1000) AS wide FROM range(20000)").num_rows == 20000


def test_string_of_20_mb(client, filled):
    text = "SELECT repeat('x', 20000000) AS wide"
    assert len(query(client, text)["wide"][0].as_py()) == 20_000_000
    with connect(filled, **{"adbc.flight.sql.client_option.with_max_msg_size": str(2**25)}) as sql:
        assert len(rows(sql, text)["wide"][0].as_py()) == 20_000_000


def test_result_without_rows(sql, client):
    text = "SELECT * FROM observations WHERE problem_id = 'nothing'"
    assert rows(sql, text).num_rows == 0
    assert rows(sql, text).schema == query(client, text).schema


def test_enums_are_sent_as_text(sql, client):
    kind = "ENUM('x', 'y')"
    lists = f"['y'::{kind}] AS b, array_value('x'::{kind}) AS e"
    text = f"SELECT 'x'::{kind} AS a, {lists}, {{'k': 'x'::{kind}}} AS c, map(['y'::{kind}], [1]) AS d"
    found = rows(sql, text)
    assert found.to_pylist() == [{"a": "x", "b": ["y"], "e": ["x"], "c": {"k": "x"}, "d": [("y", 1)]}]
    assert found.schema == query(client, text).schema


def test_query_text_of_5_mb(client):
    text = f"SELECT 1 AS one -- {'x' * 5_000_000}"
    assert query(client, text).to_pydict() == {"one": [1]}


def test_statement_above_the_limit_is_unavailable(start):
    server = start(statements=1, queue=0)
    endless = flight.Ticket(b"SELECT range FROM range(100000000000)")
    with flight.connect(server.uri) as client:
        running = client.do_get(endless)
        running.read_chunk()
        with pytest.raises(flight.FlightUnavailableError, match="are already running"):
            query(client, "SELECT 1")
        running.cancel()
        server.wait_until_idle(30)
        assert query(client, "SELECT 1 AS one").num_rows == 1
