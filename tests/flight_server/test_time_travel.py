"""AT, EXPLAIN and the overviews through the server."""

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from lakehouse.query.overviews import OVERVIEWS, comments_of
from tests.flight_server.rpc import connect, observations, put, query, query_adbc

OBSERVATIONS = flight.FlightDescriptor.for_path("observations")


@pytest.fixture
def two_snapshots(start):
    """A server with two runs of the problem gcd, and the snapshots after each."""
    server = start()
    with flight.connect(server.uri) as client:
        for run in ("r1", "r2"):
            put(client, OBSERVATIONS, observations(("gcd",), run))
        history = query(client, "FROM snapshots SELECT snapshot_id ORDER BY committed_at")
    return server, history["snapshot_id"].to_pylist()


def test_prepared_statement_with_at_returns_the_same_rows(two_snapshots):
    server, (first, _) = two_snapshots
    text = f"SELECT count(*) AS n FROM observations AT (VERSION => {first}) WHERE run_id <> ?"
    with connect(server) as sql, sql.cursor() as cursor, flight.connect(server.uri) as client:
        cursor.adbc_prepare(text)
        before = query_adbc(cursor, text, ("none",))
        put(client, OBSERVATIONS, observations(("gcd",), "r3"))
        assert query_adbc(cursor, text, ("none",)) == before == pa.table({"n": [6]})
        assert query_adbc(cursor, "SELECT count(*) AS n FROM observations") == pa.table({"n": [18]})


def test_time_travel_in_a_join(two_snapshots):
    server, (first, second) = two_snapshots
    text = (
        f"SELECT new.n_runs - old.n_runs AS runs FROM problems AT (VERSION => {first}) AS old"
        f" JOIN problems AT (VERSION => {second}) AS new USING (data_set_id, problem_id)"
    )
    with flight.connect(server.uri) as client:
        assert query(client, text).to_pydict() == {"runs": [1]}
        assert client.get_flight_info(flight.FlightDescriptor.for_command(text.encode())).schema.names == ["runs"]


def test_unknown_snapshot_is_reported(client):
    with pytest.raises(KeyError, match=r"line 1, column 31: unknown snapshot 7 of observations") as raised:
        query(client, "CLUSTER FROM D AT (VERSION => 7)")
    assert "use the nearest kept snapshot: AT (VERSION => " in str(raised.value)


def test_explain_announces_its_schema(filled, client):
    text = "EXPLAIN SELECT * FROM (CLUSTER FROM D.gcd WHERE step_id = ?)"
    with connect(filled) as sql, sql.cursor() as cursor:
        rows = query_adbc(cursor, text, ("0",)).to_pylist()
    keys = [row["key"] for row in rows]
    lines = keys.index("file")
    assert keys == [*["sql"] * lines, "file", *["column"] * (len(keys) - lines - 1)]
    assert rows[lines]["value"].startswith("data/observations/")
    descriptor = flight.FlightDescriptor.for_command(b"EXPLAIN SELECT 1 AS one")
    info = client.get_flight_info(descriptor)
    assert info.schema == client.get_schema(descriptor).schema == pa.schema({"key": pa.string(), "value": pa.string()})
    answer = client.do_get(info.endpoints[0].ticket).read_all()
    assert answer["value"].to_pylist() == ["SELECT 1 AS one", "one INTEGER"]


def test_explain_reports_errors_in_its_statement(client):
    with pytest.raises(KeyError, match="line 1, column 35: unknown column x\n  EXPLAIN SELECT 1"):
        query(client, "EXPLAIN SELECT 1 FROM tests WHERE x = 1")


@pytest.mark.parametrize("name", OVERVIEWS)
def test_overview_is_read_by_name(sql, client, name):
    rows = query(client, f"SELECT * FROM {name}")
    assert rows.num_rows > 0 or name in {"flaky", "changes"}  # every step of this server has one run
    assert rows.schema.names == list(comments_of(name)[1]) == sql.adbc_get_table_schema(name).names
