"""The statements of each pair of the spec files return the same rows, for any row order and number of threads."""

import hashlib
import re
from collections import defaultdict
from dataclasses import replace

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from srcql.clauses.cube import Selection
from srcql.compiled import Compiled
from srcql.compiler import compile
from srcql.errors import InvalidQuery
from srcql.resolver import Source, Standalone
from srcql.schema import OBSERVATIONS, Column, Role, Table
from srcql.verbs import VERBS
from tests.srcql import spec
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


STATEMENTS = [block for name in spec.STATEMENTS for block in blocks(name)]


@pytest.mark.parametrize("block", STATEMENTS, ids=lambda b: b.title)
def test_a_statement_returns_the_rows_of_its_sql(database: duckdb.DuckDBPyConnection, block: Block) -> None:
    statement, expected = block.statements
    assert rows(database, compile(statement).sql) == rows(database, expected)


OF_ONE_VERB = [block for block in STATEMENTS if block.statements[0].split()[0] in VERBS]


@pytest.mark.parametrize("block", OF_ONE_VERB, ids=lambda b: b.title)
def test_no_cte_has_duplicate_column_names(database: duckdb.DuckDBPyConnection, block: Block) -> None:
    tree = sqlglot.parse_one(compile(block.statements[0]).sql, dialect="duckdb")
    expressions = tree.find(exp.With).expressions
    for number, expression in enumerate(expressions, start=1):
        defined = ", ".join(each.sql(dialect="duckdb") for each in expressions[:number])
        columns = database.sql(f"WITH {defined} SELECT * FROM {expression.alias}").columns
        assert not [column for column in columns if re.fullmatch(r".*_\d+", column)], expression.alias


class Asked(Standalone):
    """Resolve tables by their names, and run planning queries on a database."""

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self.database = database

    def ask(self, question: Compiled, _: bool) -> list[tuple]:
        return self.database.sql(question.sql).fetchall()


@pytest.mark.parametrize("block", blocks("matrix"), ids=lambda b: b.title)
def test_a_matrix_has_the_columns_of_the_planning_query(database: duckdb.DuckDBPyConnection, block: Block) -> None:
    statement, expected = block.statements
    sql = compile(statement, Asked(database)).sql
    assert "FOR __who IN" in sql
    assert rows(database, sql) == rows(database, expected)


def test_duplicate_column_names_ignoring_case_are_numbered(database: duckdb.DuckDBPyConnection) -> None:
    ids = ["Test_Id", "a", "A", "a_1", "", "oracle", '"', "__x"]
    values = ", ".join(f"('D', 'p', '{name}', 't', 0, '{at}', {name == 'oracle'})" for at, name in enumerate(ids))
    keys = "data_set_id, problem_id, implementation_id, test_id, step_id, output, specified_oracle"
    text = f"MATRIX FROM (FROM (VALUES {values}, ('D', 'p', 'a', 't', 0, '9', true)) AS r ({keys})) WITH SPECIFIED"
    relation = database.sql(compile(text, Asked(database)).sql)
    names = ["_1", '"', "A", "Test_Id_1", "__x", "a_1", "a_2", "a_1_1", "oracle"]
    assert relation.columns == ["data_set_id", "problem_id", "test_id", "step_id", *names]
    assert relation.fetchall() == [("D", "p", "t", 0, "4", "6", "2", "0", "7", "1", "9", "3", "5")]


def test_limits_of_a_matrix(database: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(InvalidQuery) as raised:
        compile("SELECT 1 FROM (MATRIX FROM *)", Asked(database))
    assert str(raised.value).split("\n") == [
        "line 1, column 16: expected one problem, found 4",
        "  SELECT 1 FROM (MATRIX FROM *)",
        "                 ^^^^^^",
        '  hint: use one MATRIX for each problem: MATRIX FROM "Commits"."2nd", MATRIX FROM "Demo"."abs", …',
    ]
    with pytest.raises(InvalidQuery, match="MATRIX has 6 columns, and at most 5 are allowed"):
        compile("MATRIX FROM Demo.abs AT MOST 5", Asked(database))


def test_a_matrix_sees_the_ctes_around_it(database: duckdb.DuckDBPyConnection) -> None:
    ctes = "o AS (FROM observations), later AS (SELECT * FROM o WHERE step_id = 1)"
    text = f"WITH {ctes} SELECT * FROM (MATRIX FROM (FROM later WHERE problem_id = 'abs') WHERE test_id = 't1')"
    assert rows(database, compile(text, Asked(database)).sql) == [("Demo", "abs", "t1", 1, "1", "1.0", "1", "1", "1")]
    matrix = "FROM (MATRIX FROM (FROM o WHERE problem_id = 'abs') STEPS 1)"
    inner = f"WITH o AS (FROM o WHERE implementation_id < 'c') {matrix}"
    text = f"WITH o AS (FROM observations WHERE test_id = 't1' AND NOT specified_oracle) FROM ({inner})"
    assert rows(database, compile(text, Asked(database)).sql) == [("Demo", "abs", "t1", 1, "1", "1.0")]


def test_a_column_name_with_a_nul_character_is_rejected(database: duckdb.DuckDBPyConnection) -> None:
    odd = "implementation_id || chr(0) || '0:3' || chr(0) AS implementation_id"
    text = f"MATRIX FROM (SELECT * REPLACE ({odd}) FROM observations WHERE problem_id = 'abs')"
    with pytest.raises(InvalidQuery, match="cannot be the name of a column"):
        compile(text, Asked(database))


@pytest.mark.parametrize(
    "using",
    ["", "EXACT", "EXACT EXCEPTIONS TYPE", "EXCEPTIONS MESSAGE", "EXCEPTIONS ANY", "DIGITS 1", "TYPED UNORDERED"],
)
def test_a_fingerprint_is_the_sum_of_the_digests_of_the_steps(database: duckdb.DuckDBPyConnection, using: str) -> None:
    clause = f" USING {using}" if using else ""
    clusters = database.sql(compile(f"SELECT representative, fingerprint FROM (CLUSTER FROM Demo.abs{clause})").sql)
    steps = database.sql(
        f"SELECT implementation_id, test_id, step_id, response_key(output, '{using}') FROM observations"
        " WHERE problem_id = 'abs' AND NOT specified_oracle"
    ).fetchall()
    expected: dict[str, int] = defaultdict(int)
    for implementation, *step in steps:
        expected[implementation] += int(hashlib.md5("\x1f".join(map(str, step)).encode()).hexdigest(), 16)
    found = clusters.fetchall()
    assert len(found) >= 4
    assert all(fingerprint == f"{expected[name] % 2**128:032x}" for name, fingerprint in found)


def test_columns_have_the_types_of_the_language(database: duckdb.DuckDBPyConnection) -> None:
    clusters = database.sql(compile("CLUSTER FROM Demo BY run_id").sql)
    assert dict(zip(clusters.columns, map(str, clusters.types), strict=True)) == {
        "data_set_id": "VARCHAR",
        "problem_id": "VARCHAR",
        "run_id": "VARCHAR",
        "cluster_id": "BIGINT",
        "size": "BIGINT",
        "share": "DOUBLE",
        "representative": "VARCHAR",
        "implementations": "VARCHAR[]",
        "n_tests": "BIGINT",
        "n_missing": "BIGINT",
        "fingerprint": "VARCHAR",
        "is_largest": "BOOLEAN",
    }
    rows_ = database.sql(compile("SLICE * FROM (SELECT * FROM observations)").sql)
    assert [(name, str(kind)) for name, kind in zip(rows_.columns, rows_.types, strict=True)] == [
        (column.name, column.type) for column in OBSERVATIONS.columns
    ]


@pytest.mark.parametrize("column", ["data_set_id", "problem_id", "implementation_id", "test_id", "step_id", "output"])
def test_a_query_without_a_key_or_the_output_is_rejected(database: duckdb.DuckDBPyConnection, column: str) -> None:
    sql = compile(f"CLUSTER FROM (SELECT * EXCLUDE ({column}) FROM observations)").sql
    with pytest.raises(duckdb.BinderException, match=column):
        database.sql(sql)


def test_a_row_without_a_key_is_rejected(database: duckdb.DuckDBPyConnection) -> None:
    sql = compile("CLUSTER FROM (SELECT * REPLACE (NULL AS test_id) FROM observations)").sql
    with pytest.raises(duckdb.Error, match="FROM \\(query\\) returned a row without test_id"):
        database.sql(sql).fetchall()


def test_an_added_column_is_a_context_column(database: duckdb.DuckDBPyConnection) -> None:
    added = Column('odd "name', "VARCHAR", 100, Role.CONTEXT, "added later")

    class Evolved(Standalone):
        observations = Table("observations", "", (*OBSERVATIONS.columns, added), ())

        def source(self, selection: Selection) -> Source:
            return replace(super().source(selection), observations="evolved")

    rows_of = 'SELECT *, CASE WHEN step_id = 0 THEN test_id END AS "odd ""name" FROM observations'
    database.execute(f"CREATE OR REPLACE TEMP VIEW evolved AS {rows_of}")
    statement = 'SELECT "odd ""name", max(size) FROM (CLUSTER FROM Demo.abs BY "Odd ""Name") GROUP BY ALL ORDER BY ALL'
    assert database.sql(compile(statement, Evolved()).sql).fetchall() == [("t1", 5), ("t2", 5), (None, 2)]
