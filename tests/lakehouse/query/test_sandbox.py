from pathlib import Path

import duckdb
import pytest

from lakehouse.engine import Engine
from lakehouse.query.functions import ALLOWED as ALLOWED_FUNCTIONS
from lakehouse.query.functions import ALLOWED_PREFIXES, TABLE_FUNCTIONS, builtin_functions, is_forbidden
from lakehouse.query.functions import FORBIDDEN as FORBIDDEN_FUNCTIONS
from lakehouse.query.views import PUBLIC
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
    'SHOW "threads"': UnknownName,
    "SHOW 'threads'": UnknownName,
    "SHOW main.threads": UnknownName,
    "FROM (SHOW threads)": UnknownName,
    "SUMMARIZE (SHOW threads)": UnknownName,
    "SELECT (SELECT threads FROM (SHOW threads))": UnknownName,
    "WITH threads AS (SELECT 1) FROM (SHOW threads)": UnknownName,
    "SHOW TABLES FROM system.main": Forbidden,
    "SHOW TABLES FROM pg_catalog": Forbidden,
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


def built_in(kinds: str, where: str = "true") -> set[str]:
    """Return the names of functions of the installed DuckDB."""
    query = f"SELECT lower(function_name) FROM duckdb_functions() WHERE function_type IN ({kinds}) AND {where}"
    with duckdb.connect() as connection:
        return {name for (name,) in connection.sql(query).fetchall()}


def test_every_function_of_duckdb_is_allowed_or_forbidden() -> None:
    """A new version of DuckDB has new functions: decide for each whether it reads anything but its arguments."""
    optimizer, operators = "__internal_", {"is distinct from", "is not distinct from"}
    found = built_in("'scalar', 'aggregate', 'macro', 'window'")
    assert found == builtin_functions()
    others = found - ALLOWED_FUNCTIONS - FORBIDDEN_FUNCTIONS - operators
    assert {name for name in others if not name.startswith((optimizer, *ALLOWED_PREFIXES))} == set()
    assert ALLOWED_FUNCTIONS.isdisjoint(FORBIDDEN_FUNCTIONS)


def test_forbids_every_macro_that_reads_a_table() -> None:
    assert built_in("'macro'", "regexp_matches(lower(macro_definition), '\\bfrom\\b')") <= FORBIDDEN_FUNCTIONS


def test_forbids_a_function_that_nobody_decided_on(engine: Engine) -> None:
    assert is_forbidden("__internal_barrier")
    with pytest.raises(Forbidden, match="__internal_barrier is not a function of the lakehouse"):
        engine.query("SELECT __internal_barrier(1)")


@pytest.mark.parametrize("name", sorted(built_in("'table', 'table_macro', 'pragma'") - TABLE_FUNCTIONS))
def test_rejects_every_other_table_function(engine: Engine, name: str) -> None:
    with pytest.raises(Forbidden, match="is not a table function"):
        engine.query(f'SELECT * FROM "{name}"()')


def test_shows_no_setting(engine: Engine) -> None:
    with duckdb.connect() as connection:
        names = [name for (name,) in connection.sql("SELECT name FROM duckdb_settings()").fetchall()]
    assert {"http_proxy", "allowed_directories", "temp_directory", "threads"} <= set(names)
    for name in names:
        with pytest.raises(UnknownName, match=f"unknown table {name}"):
            engine.query(f"SHOW {name}")


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
    "SHOW ALL TABLES",
    "SHOW TABLES FROM main",
    "SHOW observations",
    "SHOW Clusters",
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "SELECT current_database() AS c, current_catalog() AS d, current_schema() AS s",
            ("lakehouse", "lakehouse", "main"),
        ),
        ("SELECT DISTINCT table_catalog, table_schema FROM information_schema.tables", ("lakehouse", "main")),
        ("SELECT DISTINCT table_catalog FROM Lakehouse.INFORMATION_SCHEMA.columns", ("lakehouse",)),
        ("SELECT catalog_name, schema_name FROM information_schema.schemata", ("lakehouse", "main")),
        ("SELECT DISTINCT database, schema FROM memory.listing.all_tables", ("lakehouse", "main")),
        ("SHOW DATABASES", ("lakehouse",)),
        ("SHOW SCHEMAS;", ("lakehouse", "main", True)),
        (
            "SELECT count(*) FROM information_schema.tables WHERE table_catalog = current_database()"
            " AND information_schema.tables.table_name = 'observations'",
            (1,),
        ),
        ('SELECT count(lakehouse.main.tests.test_id) FROM "lakehouse" . "main" -- comment\n . tests', (0,)),
        ("SELECT size FROM (CLUSTER FROM (SELECT * FROM lakehouse.main.observations)) UNION SELECT 0", (0,)),
        ("SELECT 'lakehouse.main.tests'", ("lakehouse.main.tests",)),
    ],
)
def test_catalog_is_the_lakehouse(engine: Engine, text: str, expected: tuple[object, ...]) -> None:
    assert [tuple(row.values()) for row in engine.query(text).read_all().to_pylist()] == [expected]


@pytest.mark.parametrize("text", ["SHOW ALL TABLES", "DESCRIBE", "SHOW"])
def test_lists_of_tables_name_the_catalog(engine: Engine, text: str) -> None:
    found = engine.query(text).read_all().to_pylist()
    assert {row["name"] for row in found} == PUBLIC
    assert {row["database"] for row in found} == {"lakehouse"}


def test_tables_of_the_schema_are_shown(engine: Engine) -> None:
    assert set(engine.query("SHOW TABLES FROM lakehouse.main").read_all()["name"].to_pylist()) == PUBLIC


def test_errors_show_the_qualified_name_of_the_user(engine: Engine) -> None:
    for text in ("SELECT x FROM lakehouse.main.tests", "CLUSTER FROM (SELECT x FROM lakehouse.main.tests)"):
        with pytest.raises(UnknownName) as caught:
            engine.query(text)
        assert (caught.value.text, text[slice(*caught.value.span)]) == (text, "x")
