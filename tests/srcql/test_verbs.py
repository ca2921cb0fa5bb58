"""Every pair of the spec files gives the same rows, whatever the order of the rows and the number of threads."""

import duckdb
import pytest

from srcql.compile import compile
from tests.srcql.spec import Block, blocks, cube

SETTINGS = {"one thread": (1, False), "two threads": (2, False), "shuffled": (2, True)}


@pytest.fixture(scope="module", params=SETTINGS.values(), ids=SETTINGS.keys())
def database(request: pytest.FixtureRequest) -> duckdb.DuckDBPyConnection:
    connection = cube(*request.param)
    connection.execute(f"CREATE TABLE clusters AS FROM ({compile('CLUSTER FROM Demo').sql})")
    later = "CLUSTER FROM Demo.abs WHERE test_id = 't2' STEPS 1"
    connection.execute(f"CREATE TABLE later_clusters AS FROM ({compile(later).sql})")
    return connection


def rows(database: duckdb.DuckDBPyConnection, sql: str) -> list[tuple]:
    relation = database.sql(sql)
    kept = [name for name in relation.columns if name != "fingerprint"]
    return [tuple(row[relation.columns.index(name)] for name in kept) for row in relation.fetchall()]


@pytest.mark.parametrize("block", [*blocks("cluster"), *blocks("slice"), *blocks("positions")], ids=lambda b: b.title)
def test_a_statement_gives_the_rows_that_it_stands_for(database: duckdb.DuckDBPyConnection, block: Block) -> None:
    statement, expected = block.statements
    assert rows(database, compile(statement).sql) == rows(database, expected)
