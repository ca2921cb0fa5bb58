import pytest

from lakehouse.engine import Engine
from srcql.errors import Forbidden, InvalidQuery, SrcqlError, UnknownName

REFUSED = {
    "COPY observations TO 'stolen.csv'": Forbidden,
    "ATTACH 'other.db'": Forbidden,
    "CREATE TABLE t AS SELECT 1": Forbidden,
    "INSERT INTO observations SELECT 1": Forbidden,
    "DELETE FROM observations": Forbidden,
    "SET threads = 1": Forbidden,
    "PRAGMA database_list": Forbidden,
    "CALL pragma_version()": Forbidden,
    "INSTALL httpfs": Forbidden,
    "LOAD httpfs": Forbidden,
    "EXPORT DATABASE 'x'": Forbidden,
    "PREPARE p AS SELECT 1": Forbidden,
    "SELECT * FROM read_csv('/etc/passwd')": Forbidden,
    "SELECT * FROM read_parquet('*.parquet')": Forbidden,
    "SELECT * FROM read_text('/etc/passwd')": Forbidden,
    "SELECT * FROM glob('*')": Forbidden,
    "SELECT * FROM '/etc/passwd'": Forbidden,
    "SELECT * FROM 'data.parquet'": Forbidden,
    "SELECT * FROM other.main.observations": Forbidden,
    "SELECT * FROM pg_catalog.pg_settings": Forbidden,
    "SELECT * FROM duckdb_settings()": Forbidden,
    "SELECT * FROM query('SELECT 1')": Forbidden,
    "SELECT * FROM query_table('observations')": Forbidden,
    "SELECT (SELECT count(*) FROM read_text('/etc/passwd'))": Forbidden,
    "WITH x AS (FROM 'a.csv') FROM x": Forbidden,
    "DESCRIBE SELECT * FROM read_csv('x')": Forbidden,
    "WITH \"a.csv\" AS (SELECT 1) SELECT * FROM 'a.csv'": Forbidden,
    "SELECT getenv('HOME')": Forbidden,
    "SELECT current_setting('allowed_directories')": Forbidden,
    "SELECT view_name FROM (WITH duckdb_views AS (SELECT 1) SELECT 1), duckdb_views": Forbidden,
    "SELECT * FROM pg_tables": Forbidden,
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


@pytest.mark.parametrize(("text", "error"), REFUSED.items(), ids=[text[:40] for text in REFUSED])
def test_refuses(engine: Engine, text: str, error: type[SrcqlError]) -> None:
    with pytest.raises(error):
        engine.query(text).read_all()


@pytest.mark.parametrize("variable", ["warehouse", "rows", "data"])
def test_sees_no_variable_of_the_program(engine: Engine, variable: str) -> None:
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


def test_says_where(engine: Engine) -> None:
    with pytest.raises(UnknownName) as raised:
        engine.query("SELECT 'é'\nFROM observation")
    assert str(raised.value) == (
        "line 2, column 6: unknown table observation\n"
        "  FROM observation\n"
        "       ^^^^^^^^^^^\n"
        "  hint: did you mean observations?"
    )
