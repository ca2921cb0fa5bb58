"""NaN in columns of floats: answers depend neither on how rows are spread over files nor on the files' statistics."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from lakehouse.engine import Engine
from lakehouse.warehouse import open_warehouse

NAN, INF = float("nan"), float("inf")
LAYOUTS = {
    "among others": [[NAN, 1.0, NAN, 5.0]],
    "beside one value": [[1.0, 1.0, NAN]],
    "with null": [[NAN, None, 1.0]],
    "with zeros": [[-0.0, NAN, 0.0]],
    "with infinities": [[INF, NAN, -INF]],
    "in files of its own": [[NAN, NAN], [2.0, 1.0], [None, None]],
    "beside files of one value": [[1.0, NAN], [1.0, 1.0], [INF, NAN]],
}
COLUMNS = ("execution_time_ms", "score", "narrow", "nested.d", "items[1]", "named['d']")
CONDITIONS = (
    "= 1",
    "<> 1",
    "< 1",
    "<= 1",
    "> 2",
    ">= 5",
    "= 'nan'::DOUBLE",
    "<> 'nan'::DOUBLE",
    "> 'inf'::DOUBLE",
    "< 'nan'::DOUBLE",
    "= 0",
    "= -0.0::DOUBLE",
    "IN (1, 'nan'::DOUBLE)",
    "NOT IN (1, 5)",
    "BETWEEN 2 AND 'nan'::DOUBLE",
    "NOT BETWEEN 0 AND 2",
    "IS NOT DISTINCT FROM 'nan'::DOUBLE",
    "IS DISTINCT FROM 1",
    "IS NULL",
    "+ 1 > 2",
)
STATEMENTS = (
    "SELECT max({x}) a, min({x}) b, count({x}) c, count(DISTINCT {x}) d FROM observations",
    "SELECT DISTINCT {x} AS x FROM observations ORDER BY 1",
    "SELECT {x} AS x, count(*) AS n FROM observations GROUP BY 1 ORDER BY 1",
    "SELECT {x} AS x FROM observations ORDER BY 1 DESC NULLS LAST LIMIT 1",
    "SELECT {x} AS x FROM observations ORDER BY 1 LIMIT 2",
    "SELECT count(*) AS n FROM observations a JOIN observations b ON a.{x} = b.{x}",
    "SELECT count(*) AS n FROM observations a JOIN observations b ON a.{x} > b.{x}",
    "SELECT count(*) AS n FROM observations WHERE {x} IN (SELECT {x} FROM observations WHERE {x} > 4)",
    "SELECT count(*) AS n FROM observations WHERE {x} = (SELECT max({x}) FROM observations)",
    "SELECT count(*) AS n FROM observations JOIN (VALUES ('nan'::DOUBLE), (7)) v (y) ON {x} = y",
    "SELECT count(*) AS n FROM observations WHERE CASE WHEN {x} > 2 THEN true ELSE {x} < 1 END",
)


def batch(number: int, values: list[float | None]) -> pa.Table:
    count = len(values)
    fixed = {name: [name] * count for name in ("data_set_id", "problem_id", "test_id")}
    doubles = pa.array(values, pa.float64())
    return pa.table(
        fixed
        | {"implementation_id": [f"i{at}" for at in range(count)], "run_id": [f"r{number}"] * count}
        | {"step_id": [0] * count, "output": ["1"] * count, "execution_time_ms": doubles, "score": doubles}
        | {"narrow": pa.array(values, pa.float32()), "nested": pa.StructArray.from_arrays([doubles], ["d"])}
        | {"items": pa.array([[value] for value in values], pa.list_(pa.float64()))}
        | {"named": pa.array([[("d", value)] for value in values], pa.map_(pa.string(), pa.float64()))}
    )


@pytest.fixture(scope="module", params=LAYOUTS)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Engine, duckdb.DuckDBPyConnection]]:
    """A lakehouse, and the same rows in a table of DuckDB, which has no files."""
    folder: Path = tmp_path_factory.mktemp("nan")
    batches = [batch(number, values) for number, values in enumerate(LAYOUTS[request.param])]
    with open_warehouse(folder) as warehouse, Engine(warehouse, threads=1) as engine, duckdb.connect() as plain:
        for rows in batches:
            warehouse.ingest("observations", rows, evolve=True)
        rows = pa.concat_tables(batches)
        plain.execute("CREATE TABLE observations AS FROM rows")
        yield engine, plain


def test_conditions(both: tuple[Engine, duckdb.DuckDBPyConnection]) -> None:
    engine, plain = both
    for x in COLUMNS:
        filters = [f"(SELECT count(*) FROM observations WHERE {x} {condition})" for condition in CONDITIONS]
        aggregates = [f"count(*) FILTER ({x} {condition})" for condition in CONDITIONS]
        for counts in (filters, aggregates):
            named = ", ".join(f"{count} AS c{at}" for at, count in enumerate(counts))
            (found,) = engine.query(f"SELECT {named} FROM observations LIMIT 1").read_all().to_pylist()
            (expected,) = plain.sql(f"SELECT {', '.join(aggregates)} FROM observations").fetchall()
            assert dict(zip(CONDITIONS, found.values(), strict=True)) == dict(zip(CONDITIONS, expected, strict=True)), x


def test_aggregates_orders_and_joins(both: tuple[Engine, duckdb.DuckDBPyConnection]) -> None:
    engine, plain = both
    for x, statement in itertools.product(("execution_time_ms", "narrow", "nested.d"), STATEMENTS):
        text = statement.format(x=x)
        # As text: NaN equals nothing in Python.
        assert str(engine.query(text).read_all().to_pylist()) == str(plain.sql(text).to_arrow_table().to_pylist()), text


def test_conditions_of_verbs(both: tuple[Engine, duckdb.DuckDBPyConnection]) -> None:
    engine, plain = both
    counts = [
        f"(SELECT count(*) FROM (SLICE FROM * WHERE execution_time_ms {condition} RUNS EACH)) AS c{at}"
        for at, condition in enumerate(CONDITIONS)
    ]
    (found,) = engine.query(f"SELECT {', '.join(counts)}").read_all().to_pylist()
    aggregates = ", ".join(f"count(*) FILTER (execution_time_ms {condition})" for condition in CONDITIONS)
    assert [tuple(found.values())] == plain.sql(f"SELECT {aggregates} FROM observations").fetchall()
