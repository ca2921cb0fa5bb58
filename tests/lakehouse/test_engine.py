import os
import threading

import pyarrow as pa
import pytest

from lakehouse.engine import Engine
from lakehouse.query.overviews import OVERVIEWS
from lakehouse.warehouse import Warehouse
from srcql.errors import Cancelled, ExecutionError, InvalidQuery, UnknownName
from srcql.schema import TABLES
from tests.lakehouse.conftest import observations

ROWS = observations(
    ("p", "a", "t", 0, "1"), ("p", "b", "t", 0, "1.0"), ("p", "c", "t", 0, "2"), ("p", "c", "u", 0, "2")
)  # fmt: skip


def test_runs_verbs_and_sql(warehouse: Warehouse, engine: Engine) -> None:
    warehouse.ingest("observations", ROWS)
    clusters = engine.query("CLUSTER FROM D.p").read_all().to_pylist()
    assert [(row["implementations"], row["n_missing"], row["is_largest"]) for row in clusters] == [
        (["a", "b"], 1, True),
        (["c"], 0, False),
    ]
    counted = engine.query("SELECT count(*) AS n, sum(size) AS s FROM (CLUSTER FROM D USING EXACT)").read_all()
    assert counted.to_pylist() == [{"n": 3, "s": 3}]
    assert engine.query("SELECT count(*) AS n FROM observations WHERE test_id = 'u'").read_all().to_pylist() == [
        {"n": 1}
    ]


def test_implementations_that_miss_different_tests_are_not_clustered(warehouse: Warehouse, engine: Engine) -> None:
    warehouse.ingest(
        "observations",
        observations(
            ("p", "a", "t1", 0, "1"), ("p", "a", "t2", 0, "2"), ("p", "b", "t2", 0, "1"), ("p", "b", "t3", 0, "2")
        ),
    )
    assert engine.query("CLUSTER FROM D").read_all()["size"].to_pylist() == [1, 1]


def test_entries_with_the_same_name_are_distinct(warehouse: Warehouse, engine: Engine) -> None:
    for implementation, run, output in (("a", "r@x", "1"), ("a@r", "x", "2"), ("b", "x", "1")):
        warehouse.ingest("observations", observations(("p", implementation, "t", 0, output), run_id=run))
    rows = engine.query("CLUSTER FROM D RUNS EACH").read_all().to_pylist()
    assert [(row["cluster_id"], row["implementations"]) for row in rows] == [(1, ["a@r@x", "b@x"]), (2, ["a@r@x"])]


def test_the_schema_is_known_before_the_rows(warehouse: Warehouse, engine: Engine) -> None:
    warehouse.ingest("observations", ROWS)
    for text in ("SLICE FROM D", "CLUSTER FROM D", "SELECT 1 AS a, 'x' AS a, [1.5] AS b", "SELECT * FROM observations"):
        statement = engine.prepare(text)
        with statement.execute() as result:
            batches = list(result.batches())
        assert result.schema == statement.schema
        assert all(batch.schema == statement.schema for batch in batches)
        assert batches


def test_an_empty_lakehouse(engine: Engine) -> None:
    assert engine.query("SELECT * FROM observations").read_all().num_rows == 0
    assert engine.query("CLUSTER FROM *").read_all().num_rows == 0
    with pytest.raises(UnknownName, match="there are no data sets yet"):
        engine.query("CLUSTER FROM D")


def test_a_statement_keeps_its_snapshot(warehouse: Warehouse, engine: Engine) -> None:
    warehouse.ingest("observations", ROWS)
    statement = engine.prepare("SELECT count(*) AS n FROM observations")
    warehouse.ingest("observations", observations(("q", "a", "t", 0, "1")))
    assert statement.execute().reader().read_all().to_pylist() == [{"n": 4}]
    assert engine.query(statement.text).read_all().to_pylist() == [{"n": 5}]


def test_one_view_of_all_tables(warehouse: Warehouse, engine: Engine) -> None:
    warehouse.ingest("observations", ROWS)
    code = {"data_set_id": ["D"], "problem_id": ["p"], "implementation_id": ["a"], "source_code": ["return 1"]}
    warehouse.ingest("code_implementations", pa.table(code))
    rows = engine.query("SLICE FROM D.p WHERE test_id = 't' WITH CODE").read_all().to_pylist()
    assert {row["implementation_id"]: row["source_code"] for row in rows} == {"a": "return 1", "b": None, "c": None}


def test_parameters(warehouse: Warehouse, engine: Engine) -> None:
    warehouse.ingest("observations", ROWS)
    statement = engine.prepare("SELECT count(*) AS n, ? AS x FROM observations WHERE output = ?")
    assert statement.parameters == 2
    for value in ("text", 7, 1.5):
        with statement.execute((value, "2")) as result:
            (batch,) = result.batches()
            assert batch.to_pylist() == [{"n": 2, "x": value}]
            assert batch.schema == result.schema
    with pytest.raises(InvalidQuery, match="expected 2 parameters, found 0"):
        statement.execute()


@pytest.mark.parametrize("condition", ["IN ($1,$2)", "IN(?,?)", "=$1 OR output=$2", "IN (VALUES($1),($2))"])
def test_parameters_of_a_verb_need_no_space(warehouse: Warehouse, engine: Engine, condition: str) -> None:
    warehouse.ingest("observations", ROWS)
    for text in (f"SLICE FROM D WHERE output {condition}", f"\ufeffSLICE\u200bFROM D WHERE output {condition} LIMIT 9"):
        with engine.prepare(text).execute(("1", "2")) as result:
            assert sum(batch.num_rows for batch in result.batches()) == 3
    with pytest.raises(InvalidQuery, match=r"line 1, column 31: expected a numbered parameter, found \$a"):
        engine.prepare("SLICE FROM D WHERE output IN ($a,$b)")


def test_errors_are_reworded_and_located(warehouse: Warehouse, engine: Engine) -> None:
    warehouse.ingest("observations", ROWS)
    with pytest.raises(UnknownName) as raised:
        engine.query("SELECT sizes\nFROM (CLUSTER FROM D)")
    assert str(raised.value).splitlines() == [
        "line 1, column 8: unknown column sizes",
        "  SELECT sizes",
        "         ^^^^^",
        "  hint: did you mean size?",
    ]
    with pytest.raises(
        InvalidQuery, match=r"(?s)the query after FROM has no column problem_id.*hint: select the columns"
    ):
        engine.query("CLUSTER FROM (SELECT 'D' AS data_set_id)")
    with pytest.raises(ExecutionError, match="is not an INTEGER"):
        engine.query("SELECT CAST(test_id AS INTEGER) FROM observations").read_all()
    with pytest.raises(UnknownName) as unknown:
        engine.query("SELECT 1 UNION ALL SELECT size FROM (CLUSTER FROM D.q)")
    assert "line 1, column 53: unknown problem q in data set D" in str(unknown.value)


NESTED = {
    "words": pa.array([["x"]]),
    "box": pa.array([{"odd name": 1, "inner": [{"a": 1.5}]}]),
    "pairs": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
    'quo"ted': pa.array(["y"]),
    "x\" WHERE false; CREATE OR REPLACE MACRO response_key(output, equality := '') AS 42; SELECT 1 AS \"z": pa.array(
        ["z"]
    ),
}


@pytest.mark.parametrize("name", NESTED)
def test_added_columns_of_any_type_and_name_are_read(warehouse: Warehouse, engine: Engine, name: str) -> None:
    rows = observations(("p", "a", "t", 0, "1")).append_column(name, NESTED[name])
    warehouse.ingest("observations", rows, evolve=True)
    key = engine.query("SELECT response_key('1') AS key").read_all()
    assert engine.query("SELECT * FROM observations").read_all()[name].to_pylist() == NESTED[name].to_pylist()
    assert engine.query("SLICE FROM D.p WHERE problem_id = 'none'").read_all().num_rows == 0
    assert engine.query("CLUSTER FROM D").read_all().num_rows == 1
    assert engine.query("SELECT response_key('1') AS key").read_all() == key


def test_a_closed_engine_raises(warehouse: Warehouse) -> None:
    engine = Engine(warehouse)
    engine.close()
    with pytest.raises(ExecutionError, match="closed"):
        engine.query("SELECT 1")


def test_tables_are_listed(engine: Engine) -> None:
    names = sorted((*TABLES, *OVERVIEWS))
    listed = engine.query("SELECT table_name FROM information_schema.tables ORDER BY 1").read_all()
    assert listed["table_name"].to_pylist() == names
    assert engine.query("SHOW TABLES").read_all()["name"].to_pylist() == names


def test_an_error_after_the_first_rows(engine: Engine) -> None:
    text = "SELECT CASE WHEN range = 200000 THEN error('late') ELSE 1 END FROM range(300000)"
    with engine.prepare(text).execute() as result, pytest.raises(ExecutionError, match="late"):
        list(result.batches())


@pytest.mark.parametrize(
    ("query", "rows", "batches"),
    [
        ("SELECT i FROM range(200000) AS r(i)", 200_000, 4),
        ("SELECT i, 'x' AS v FROM range(200000) AS r(i)", 200_000, 4),
        ("SELECT repeat('x', 1000) AS v FROM range(20000)", 20_000, 9),
        ("SELECT repeat('x', 20000) AS v FROM range(6000)", 6_000, 3),
        ("SELECT i FROM range(5000) AS r(i) WHERE i % 2 = 0", 2_500, 1),
        ("SELECT [repeat('x', 1000)] AS v, MAP {1: union_value(k := i)} AS u FROM range(9000) AS r(i)", 9_000, 4),
        ("SELECT 1 AS n WHERE false", 0, 0),
    ],
)
def test_batches_are_cut_by_bytes(engine: Engine, query: str, rows: int, batches: int) -> None:
    sizes = [(len(batch), batch.get_total_buffer_size()) for batch in engine.query(query)]
    assert sum(length for length, _ in sizes) == rows
    assert len(sizes) in range(batches, batches + 2)
    assert all(size <= 7 * 2**19 or length <= 2_048 for length, size in sizes)


@pytest.mark.slow
def test_more_than_2_gb_of_text_are_read(engine: Engine) -> None:
    lengths = [len(batch["v"][0].as_py()) for batch in engine.query("SELECT repeat('x', 40000) AS v FROM range(60000)")]
    assert set(lengths) == {40_000}


MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.slow
@pytest.mark.skipif(MEMORY < 8 * 2**30, reason="needs 8 GB of memory")
def test_more_than_2_gb_of_text_in_a_few_rows_are_read(engine: Engine) -> None:
    rows = engine.query("SELECT i, repeat('x', 1100000) AS v FROM range(2000) AS r(i)")
    assert sum(len(batch) for batch in rows) == 2_000


def test_interrupt_ends_a_running_query(engine: Engine) -> None:
    result = engine.prepare("SELECT count(*) FROM range(100000) a, range(100000) b, range(1000) c").execute()
    started = threading.Event()

    def interrupt() -> None:
        started.wait()
        result.interrupt()

    thread = threading.Thread(target=interrupt)
    thread.start()
    started.set()
    with result, pytest.raises(Cancelled):
        list(result.batches())
    thread.join()


def test_many_threads_share_an_engine(warehouse: Warehouse, engine: Engine) -> None:
    warehouse.ingest("observations", ROWS)
    results: list[pa.Table] = []

    def query() -> None:
        results.extend(engine.query("CLUSTER FROM D").read_all() for _ in range(5))

    threads = [threading.Thread(target=query) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 40
    assert all(result == results[0] for result in results)
