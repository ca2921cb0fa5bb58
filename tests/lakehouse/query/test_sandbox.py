from pathlib import Path

import duckdb
import pytest

from lakehouse.engine import Engine
from lakehouse.query.sandbox import FORBIDDEN_FUNCTIONS
from srcql.errors import Forbidden, InvalidQuery, SrcqlError, UnknownName

REJECTED = {
    "SELECT 1; SELECT 2": InvalidQuery,
    "": InvalidQuery,
    "SELECT * FROM nothing": UnknownName,
    "TABLE clusters AT (VERSION => 3)": InvalidQuery,
    "WITH t AS (SELECT 1) SELECT * FROM t AT (VERSION => 3)": InvalidQuery,
    "SELECT * FROM nothing AT (VERSION => 3)": UnknownName,
    "SELECT * FROM (WITH hidden AS (SELECT 1) FROM hidden), hidden": UnknownName,
    "WITH a AS (FROM b), b AS (SELECT 1) FROM a": UnknownName,
    "SELECT " + "abs(" * 5000 + "1" + ")" * 5000: InvalidQuery,
}
LINES = (Path(__file__).parent / "reaching_out.sql").read_text().splitlines()
FORBIDDEN = [line.removesuffix(";") for line in LINES if line and not line.startswith("--")]


@pytest.mark.parametrize("text", FORBIDDEN)
def test_rejects_access_outside_the_lakehouse(engine: Engine, text: str) -> None:
    with pytest.raises((Forbidden, InvalidQuery)):
        engine.query(text).read_all()


def test_forbidden_statements_are_many_and_distinct() -> None:
    assert len(set(FORBIDDEN)) == len(FORBIDDEN) >= 60


def test_forbids_every_macro_that_reads_a_table() -> None:
    reads = "regexp_matches(lower(macro_definition), '\\bfrom\\b')"
    with duckdb.connect() as connection:
        found = connection.sql(
            f"SELECT function_name FROM duckdb_functions() WHERE function_type = 'macro' AND {reads}"
        )
        assert {name for (name,) in found.fetchall()} <= FORBIDDEN_FUNCTIONS


@pytest.mark.parametrize(("text", "error"), REJECTED.items(), ids=[text[:40] for text in REJECTED])
def test_rejects(engine: Engine, text: str, error: type[SrcqlError]) -> None:
    with pytest.raises(error):
        engine.query(text).read_all()


@pytest.mark.parametrize("variable", ["warehouse", "rows", "data"])
def test_cannot_read_variables_of_the_program(engine: Engine, variable: str) -> None:
    warehouse = rows = data = __import__("pyarrow").table({"a": [1]})
    assert warehouse is rows is data
    with pytest.raises(UnknownName):
        engine.query(f"SELECT * FROM {variable}").read_all()


ALLOWED = [
    "SELECT 1",
    "FROM range(3)",
    "VALUES (1), (2)",
    "WITH t AS (SELECT 1 AS a) SELECT * FROM t JOIN (VALUES (1)) AS u(a) USING (a)",
    "SELECT * FROM main.observations",
    "DESCRIBE observations",
    "SUMMARIZE tests",
    "SHOW TABLES",
    "SELECT table_name FROM information_schema.tables",
    "SELECT unnest([1, 2]) UNION ALL SELECT 3 -- done;",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) FROM t",
    "SELECT * FROM (PIVOT tests ON language IN ('java') USING count(*))",
]


@pytest.mark.parametrize("text", ALLOWED)
def test_allows(engine: Engine, text: str) -> None:
    engine.query(text).read_all()


def test_locates_the_error(engine: Engine) -> None:
    with pytest.raises(UnknownName) as raised:
        engine.query("SELECT 'é'\nFROM observation")
    assert str(raised.value) == (
        "line 2, column 6: unknown table observation\n"
        "  FROM observation\n"
        "       ^^^^^^^^^^^\n"
        "  hint: did you mean observations?"
    )
