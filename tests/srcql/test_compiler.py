"""The user's text around the verbs is unchanged, and its positions are known in the SQL."""

import re

import pytest
import sqlglot
from sqlglot import exp

from srcql.clauses.cube import Selection
from srcql.compiler import compile, transpile
from srcql.resolver import Choice, Source, Standalone
from tests.srcql.spec import Block, blocks, cube


class Recording(Standalone):
    """Record the selections; the views have their own names, and RUNS has nothing to choose."""

    def __init__(self) -> None:
        self.selections: list[Selection] = []

    def source(self, selection: Selection) -> Source:
        self.selections.append(selection)
        return Source("__o", "__t", "__c", Choice.NOTHING)


def selection(text: str) -> Selection:
    resolver = Recording()
    compile(text, resolver)
    return resolver.selections[0]


def holds(selected: Selection, data_set: str, problem: str) -> bool:
    problems = selected.problems_of(data_set)
    return problems is None or problem in problems


@pytest.mark.parametrize("block", blocks("identity"), ids=lambda block: block.statements[0])
def test_text_without_verbs_is_unchanged(block: Block) -> None:
    compiled = compile(block.statements[0])
    assert (compiled.sql, compiled.verbs) == (block.statements[0], 0)


def test_text_around_a_verb_is_unchanged() -> None:
    before, after = "SELECT  list(x)  /* é */ FROM (", ') AS "Ç"\n WHERE size<>1 -- end'
    sql = compile(f"{before}CLUSTER FROM MBPP{after}").sql
    assert sql.startswith(f"{before}SELECT data_set_id, ")
    assert sql.endswith(f' AS "cluster"{after}')


def test_positions_of_copied_text_map_back() -> None:
    text = "SELECT é FROM (CLUSTER FROM (SLICE * FROM MBPP WHERE test_id = $1) WHERE step_id > $2) AS o"
    compiled = compile(text)
    assert compiled.verbs == 2
    carried = [offset for offset in range(len(compiled.sql)) if compiled.locate(offset) is not None]
    assert all(compiled.sql[offset] == text[compiled.locate(offset)] for offset in carried)
    assert "".join(compiled.sql[offset] for offset in carried) == "SELECT é FROM (test_id = $1step_id > $2) AS o"
    assert compiled.locate(compiled.sql.index("__rows")) is None
    assert compiled.locate(len(compiled.sql)) == len(text)


def test_parameters_are_numbered_in_the_order_of_the_text() -> None:
    text = "SELECT ? FROM (CLUSTER FROM (SLICE * FROM Demo WHERE test_id = ?) WHERE step_id = ? LIMIT ?) WHERE size > ?"
    assert re.findall(r"\$\d", compile(text).sql) == ["$1", "$2", "$3", "$4", "$5"]
    database = cube()
    values = ["x", "t1", 0, 1, 2]
    assert database.execute(compile(text).sql, values).fetchall() == [("x",)]
    assert database.execute(compile(text).sql, ["x", "t1", 7, 1, 2]).fetchall() == []


def test_a_parameter_in_rows_read_twice_is_bound_once() -> None:
    database = cube()
    database.execute("CREATE VIEW __o AS FROM observations")
    sql = compile("CLUSTER FROM Demo WHERE problem_id = ? AND step_id = ?", Recording()).sql
    assert [row[5] for row in database.execute(sql, ["abs", 0]).fetchall()] == ["a", "e", "f"]


def test_a_cube_with_nothing_to_choose_is_read_without_choosing() -> None:
    assert "__latest" in compile("CLUSTER FROM MBPP").sql
    assert "__latest" not in compile("CLUSTER FROM MBPP", Recording()).sql
    assert "__latest" in compile("CLUSTER FROM (SLICE * FROM MBPP)", Recording()).sql


def test_rows_that_may_change_between_reads_are_materialized() -> None:
    assert "NOT MATERIALIZED" in compile("CLUSTER FROM MBPP WHERE step_id + 1 IN (1, 2)", Recording()).sql
    assert "NOT MATERIALIZED" not in compile("CLUSTER FROM MBPP WHERE random() < 0.5", Recording()).sql
    assert "NOT MATERIALIZED" not in compile("CLUSTER FROM MBPP WHERE (SELECT random()) < 0.5", Recording()).sql


@pytest.mark.parametrize(
    ("text", "held", "others"),
    [
        ("CLUSTER FROM A", ["A.p", "A.q"], ["B.p", "a.p"]),
        ("CLUSTER FROM A.p, 'B'", ["A.p", "B.q"], ["A.q"]),
        ('CLUSTER FROM "A"."p q"', ["A.p q"], ["A.p"]),
        ("CLUSTER FROM *", ["A.p", "B.q"], []),
        ("CLUSTER FROM * WHERE problem_id = 'p'", ["A.p", "B.p"], ["A.q"]),
        (
            "CLUSTER FROM * WHERE ('p' = Problem_ID) AND step_id > 1 AND data_set_id IN ('A', 'B')",
            ["B.p"],
            ["C.p", "A.q"],
        ),
        ("CLUSTER FROM A WHERE problem_id IN ('p', 'q') AND problem_id = 'p'", ["A.p"], ["A.q"]),
        ("CLUSTER FROM A WHERE problem_id = 'p' OR step_id = 1", ["A.q"], []),
        ("CLUSTER FROM A WHERE NOT problem_id = 'p'", ["A.q"], []),
        ("CLUSTER FROM A WHERE problem_id = run_id AND problem_id IN ('p', run_id)", ["A.q"], []),
        ("CLUSTER FROM A WHERE problem_id = ?", ["A.q"], []),
        ("SLICE FROM A.p WHERE problem_id = 'q'", [], ["A.p", "A.q"]),
    ],
)
def test_constant_selections_are_known_before_any_file_is_opened(text: str, held: list[str], others: list[str]) -> None:
    selected = selection(text)
    assert all(holds(selected, *name.split(".")) for name in held)
    assert not any(holds(selected, *name.split(".")) for name in others)


def test_names_have_positions_in_the_text() -> None:
    text = "SELECT 1 FROM (CLUSTER FROM MBPP . 'it''s')"
    (target,) = selection(text).targets or ()
    assert target.problem is not None
    assert (target.problem.text, text[slice(*target.problem.span)]) == ("it's", "'it''s'")
    assert text[slice(*target.data_set.span)] == "MBPP"


def test_other_statements_are_translated_too() -> None:
    database = cube()
    database.execute(transpile("CREATE TABLE kept AS CLUSTER FROM Demo"))
    database.execute(transpile("INSERT INTO kept CLUSTER FROM Demo ORDER BY size"))
    assert database.sql("SELECT count(*) FROM kept").fetchall() == [(14,)]


def test_minhash_beside_a_verb_is_our_function() -> None:
    text = "SELECT minhash(list(cluster_id)) FROM (CLUSTER FROM Demo)"
    assert compile(text).verbs == 1
    for sql in (transpile(text), sqlglot.transpile(text, read="srcql", write="duckdb")[0]):
        assert sql.startswith("SELECT MINHASH(ARRAY_AGG(cluster_id))")


@pytest.mark.parametrize("write", ["duckdb", "spark"])
def test_ctes_of_a_tree_have_distinct_names(write: str) -> None:
    text = "WITH o AS (CLUSTER FROM (SLICE * FROM A)) SELECT * FROM o, (SLICE FROM B)"
    names = [cte.alias for cte in sqlglot.parse_one(transpile(text, write), dialect=write).find_all(exp.CTE)]
    assert len(names) > 20
    assert len(names) == len(set(names))


def test_spark_sql_has_no_duckdb_functions() -> None:
    sql = transpile("SELECT problem_id FROM (CLUSTER FROM MBPP USING EXACT)", write="spark").upper()
    assert re.findall(r"\b(?:HASH|UBIGINT|FORMAT|LIST|QUALIFY|EXCLUDE|//)\b", sql) == []
    assert "XXHASH64(" in sql


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ("EXISTS (CLUSTER FROM Demo)", ["EXISTS (CLUSTER FROM Demo)"]),
        (
            "1 +\n (SELECT max(size) FROM (CLUSTER FROM Demo)), x",
            ["1 + (SELECT max(size) FROM (CLUSTER FROM Demo))", "x"],
        ),
        (
            "EXISTS (CLUSTER FROM Demo) AS a, EXISTS (CLUSTER FROM Demo) b, c: EXISTS (CLUSTER FROM Demo)",
            ["a", "b", "c"],
        ),
        ("* REPLACE ((SELECT max(size) FROM (CLUSTER FROM Demo)) AS x)", ["x"]),
        ("t.* REPLACE ((SELECT max(size) FROM (CLUSTER FROM Demo)) AS x)", ["x"]),
        ("COLUMNS('x') IN (SELECT size FROM (CLUSTER FROM Demo)) AND EXISTS (CLUSTER FROM Demo)", ["x"]),
    ],
)
def test_an_unnamed_column_over_a_verb_is_named_by_the_users_text(columns: str, names: list[str]) -> None:
    with cube() as database:
        text = f"SELECT {columns} FROM range(1) AS t (x)"
        assert database.sql(compile(text).sql).columns == names
        assert database.sql(compile(f"FROM ({text})").sql).columns == names
