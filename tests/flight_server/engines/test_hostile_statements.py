"""One statement of a client ends alone: with a clear status, while other statements, sessions and loads go on."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from flight_server.server import Server
from flight_server.settings import Settings
from tests.flight_server.rpc import observations, query
from tests.flight_server.state.test_sessions import log_in, option, set_options

ENDLESS = "SELECT range FROM range(100000000000)"
COPIES = ", ".join(
    f"t{n} AS NOT MATERIALIZED (SELECT x FROM t{n - 1} UNION ALL SELECT x FROM t{n - 1})" for n in range(1, 26)
)
CELLS = (
    "SELECT 'D' AS data_set_id, 'p' AS problem_id, 'i' || i.range AS implementation_id, 't' || t.range AS test_id,"
    " 'r' AS run_id, 0 AS step_id, (hash(i.range * 500 + t.range) % 3)::VARCHAR AS output"
    " FROM range(3000) AS i, range(500) AS t"
)

# what DuckDB allocates outside its own limit
NEED_MEMORY = {
    "a constant list": "SELECT length(range(1000000000))",
    "an unnested constant list": "SELECT sum(n) FROM (SELECT unnest(range(1000000000)) AS n)",
    "an unnested list of a column": "SELECT sum(n) FROM (SELECT unnest(range(range + 500000000)) AS n FROM range(2))",
    "a distance of long texts": "SELECT damerau_levenshtein(repeat('ab', 15000), repeat('ba', 15000))",
    "a list that grows": "SELECT length(list_resize([range], 1000000000, 7)) FROM range(2)",
    "sorted lists": "SELECT length(list_sort(range(range + 50000000))) FROM range(3)",
    "a long text": "SELECT length(repeat('x', 2000000000 + range::INTEGER)) FROM range(2)",
    "nested lists": "SELECT list_transform(range(20000), lambda x: list_transform(range(20000), lambda y: x + y))",
    "signatures of large sets": "SELECT max(minhash(range(range, range + 400000))[1]) FROM range(1000)",
    "wide rows": "SELECT repeat('x', 100000) || range AS wide FROM range(100000) ORDER BY 1",
}

# what does not notice an interrupt for a long time
NEED_TIME = {
    "a text that doubles 25 times": f"WITH t0 AS (SELECT 1 AS x), {COPIES} SELECT count(*) FROM t25",
    "distances of long texts": (
        "SELECT max(edit_similarity(repeat(md5(a.range::VARCHAR), 9000), repeat(md5(b.range::VARCHAR), 9000)))"
        " FROM range(7) AS a, range(7) AS b"
    ),
    "a large pattern": (
        "SELECT count(*) FROM range(100)"
        " WHERE regexp_matches(repeat('ab', 400000 + range::INTEGER), '((a|b|ab){1,30}){1,30}c')"
    ),
    "a large MINIMIZE": f"MINIMIZE FROM ({CELLS})",
}

# what the parser cannot read in time, or at all
LONG_TEXTS = {
    "open parentheses": "SELECT " + "(" * 5_000_000,
    "nested parentheses": "SELECT " + "(" * 200_000 + "1" + ")" * 200_000,
    "negations": "SELECT " + "NOT " * 500_000 + "true",
    "a long sum": "SELECT " + "1+" * 300_000 + "1",
}


class Others:
    """Another client, which reads a long result and sends rows, both begun before and continued after a statement."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.client = flight.connect(server.uri)
        self.stream = self.client.do_get(flight.Ticket(ENDLESS.encode()))
        self.stream.read_chunk()

    @contextmanager
    def go_on(self, run):
        rows = observations(run=run)
        writer, answers = self.client.do_put(flight.FlightDescriptor.for_path("observations"), rows.schema)
        with writer:
            writer.write_table(rows.slice(0, 5))
            yield
            writer.write_table(rows.slice(5))
            writer.done_writing()
            assert b'"rows": 12' in answers.read().to_pybytes()
        assert self.stream.read_chunk().data.num_rows > 0
        count = f"SELECT count(*) AS n FROM observations WHERE run_id = '{run}'"
        assert query(self.client, count).to_pydict() == {"n": [12]}

    def close(self):
        self.stream.cancel()
        assert self.server.wait_until_idle(30)
        self.client.close()


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("hostile") / "warehouse")
    with Server(Settings(warehouse=folder, memory_limit="2GB", statement_memory="300MB", threads=2)) as server:
        running = Others(server)
        yield running
        running.close()


@pytest.mark.parametrize("name", NEED_MEMORY)
def test_memory(others, name):
    with others.go_on(name), flight.connect(others.server.uri) as client:
        with pytest.raises(pa.ArrowInvalid, match="memory"):
            query(client, NEED_MEMORY[name])
        assert query(client, "SELECT 1 AS one").to_pydict() == {"one": [1]}


@pytest.mark.parametrize("name", NEED_TIME)
def test_time(others, name):
    with others.go_on(name), flight.connect(others.server.uri) as client:
        session = log_in(client)
        set_options(client, option("timeout", double_value=1.0), call_options=session)
        with pytest.raises(flight.FlightTimedOutError, match="longer than 1 seconds"):
            client.do_get(flight.Ticket(NEED_TIME[name].encode()), session).read_all()


@pytest.mark.parametrize("name", LONG_TEXTS)
def test_long_texts(others, name):
    with others.go_on(name), flight.connect(others.server.uri) as client:
        with pytest.raises(pa.ArrowInvalid, match=r"memory|nested|deep|syntax|engine failed|end of|recursion"):
            query(client, LONG_TEXTS[name])


def test_many_values_delay_nobody(filled):
    values = ",".join(map(str, range(100_000)))
    text = f"SELECT count(*) AS n FROM range(10) WHERE range IN ({values})"
    with ThreadPoolExecutor(1) as thread, flight.connect(filled.uri) as first, flight.connect(filled.uri) as second:
        slow = thread.submit(query, first, text)
        assert query(second, "SELECT 1 AS one").to_pydict() == {"one": [1]}
        assert not slow.done()
        assert slow.result().to_pydict() == {"n": [10]}
