"""A verb is allowed wherever a query is. The result equals that of two steps: the verb, then the query around it."""

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from lakehouse.engine import Engine
from srcql.verbs import VERBS
from tests.stored import stored

QUERIES = {
    "SLICE": "SLICE FROM {}",
    "MATRIX": "MATRIX FROM {}",
    "CLUSTER": "CLUSTER FROM {} WEIGHT DISTINCT CODE",
    "ORACLE": "ORACLE FROM {} QUORUM 0.5",
    "CHECK": "CHECK FROM {} AGAINST SPECIFIED PER TEST",
    "RANK": "RANK FROM {} ON AGREEMENT",
    "SIMILARITY": "SIMILARITY FROM {} TOP 3",
    "DIFF": "DIFF IMPLEMENTATION a TO c FROM {}",
    "FLAKY": "FLAKY FROM {}",
    "DISCRIMINATE": "DISCRIMINATE FROM {}",
    "MINIMIZE": "MINIMIZE FROM {}",
}
POSITIONS = {
    "a statement in parentheses": "({verb})",
    "a common table expression": "WITH v AS ({verb}) SELECT * FROM v",
    "one that is read twice": "WITH v AS MATERIALIZED ({verb}) SELECT * FROM v UNION ALL FROM v",
    "one inside another": "WITH w AS (WITH v AS ({verb}) FROM v) SELECT count(*) AS n FROM w",
    "a derived table": "SELECT problem_id, count(*) AS n FROM ({verb}) AS v GROUP BY ALL",
    "a join": "SELECT a.*, b.problem_id AS other FROM ({verb}) AS a JOIN ({verb}) AS b USING (data_set_id, problem_id)",
    "a semi join": "SELECT x FROM (VALUES ('{problem}'), ('none')) AS t (x) SEMI JOIN ({verb}) AS v ON problem_id = x",
    "an outer join": "SELECT x, problem_id FROM range(2) AS t (x) LEFT JOIN ({verb}) AS v ON x = 1",
    "a comma": "SELECT count(*) AS n FROM ({verb}) AS a, ({verb}) AS b",
    "LATERAL": "SELECT x, v.* FROM range(2) AS t (x), LATERAL ({verb}) AS v",
    "EXISTS": "SELECT x FROM range(2) AS t (x) WHERE EXISTS ({verb})",
    "NOT EXISTS over it": "SELECT 1 AS x WHERE NOT EXISTS (SELECT * FROM ({verb}) AS v WHERE v.problem_id = 'none')",
    "EXISTS that looks outside": "SELECT x FROM (VALUES ('{problem}'), ('none')) AS t (x)"
    " WHERE EXISTS (SELECT 1 FROM ({verb}) AS v WHERE v.problem_id = t.x)",
    "IN": "SELECT x FROM (VALUES ('{problem}'), ('none')) AS t (x) WHERE x IN (SELECT problem_id FROM ({verb}) AS v)",
    "a scalar": "SELECT x, (SELECT count(*) FROM ({verb}) AS v) AS n FROM range(2) AS t (x)",
    "ANY": "SELECT '{problem}' = ANY (SELECT problem_id FROM ({verb}) AS v) AS any",
    "an array": "SELECT array(SELECT problem_id FROM ({verb}) AS v) AS problems",
    "UNION ALL": "{verb} UNION ALL {verb}",
    "UNION": "({verb}) UNION (SELECT * FROM ({verb}) AS v)",
    "operands in parentheses": "(({verb}) UNION ALL {verb})",
    "UNION BY NAME": "SELECT 1 AS more UNION BY NAME {verb}",
    "EXCEPT ALL": "({verb}) EXCEPT ALL (FROM ({verb}) AS v LIMIT 0)",
    "INTERSECT": "{verb} INTERSECT ({verb})",
    "a recursion": "WITH RECURSIVE r AS (SELECT 0 AS x UNION ALL SELECT x + 1 FROM r"
    " WHERE x < (SELECT count(*) FROM ({verb}) AS v)) SELECT max(x) AS most FROM r",
    "PIVOT": "PIVOT ({verb}) ON problem_id IN ('{problem}', 'none') USING count(*) GROUP BY data_set_id",
    "DESCRIBE": "SELECT column_name, column_type FROM (DESCRIBE {verb})",
}
SAME = {
    "CHECK of what a join leaves": (
        "CHECK FROM (SELECT s.* FROM (SLICE * FROM Demo.abs) AS s JOIN (CLUSTER FROM Demo.abs) AS c"
        " ON list_contains(c.implementations, s.implementation_id) WHERE c.cluster_id = 1) AGAINST IMPLEMENTATION a",
        "CHECK FROM Demo.abs WHERE implementation_id IN ('a', 'b') AGAINST IMPLEMENTATION a",
    ),
    "CHECK of the members of a cluster": (
        "WITH members AS (SELECT data_set_id, problem_id, unnest(implementations) AS implementation_id"
        " FROM (CLUSTER FROM Demo.abs) WHERE cluster_id = 1) CHECK FROM (FROM observations SEMI JOIN members"
        " USING (data_set_id, problem_id, implementation_id) UNION ALL FROM observations WHERE specified_oracle)"
        " WHERE problem_id = 'abs' AGAINST SPECIFIED",
        "CHECK FROM Demo.abs WHERE implementation_id IN ('a', 'b') AGAINST SPECIFIED",
    ),
    "ORACLE of a part of the cube": (
        "ORACLE FROM (SLICE * FROM Demo.abs WHERE test_id = 't2' STEPS LAST)",
        "ORACLE FROM Demo.abs WHERE test_id = 't2' STEPS LAST",
    ),
    "MATRIX of those that come first": (
        "MATRIX FROM Demo.abs WHERE implementation_id IN (SELECT implementation_id FROM (RANK FROM Demo.abs ON SIZE)"
        " WHERE rank <= 1)",
        "MATRIX FROM Demo.abs WHERE implementation_id IN ('a', 'b', 'c', 'd')",
    ),
    "CLUSTER on the tests of MINIMIZE": (
        "CLUSTER FROM Demo.abs WHERE test_id IN (SELECT test_id FROM (MINIMIZE FROM Demo.abs) LIMIT 1)",
        "CLUSTER FROM Demo.abs WHERE test_id = 't2'",
    ),
    "SIMILARITY of representatives": (
        "SIMILARITY FROM (SELECT s.* FROM (SLICE * FROM Demo.abs) AS s JOIN (CLUSTER FROM Demo.abs) AS c"
        " ON c.representative = s.implementation_id WHERE c.cluster_id < 3)",
        "SIMILARITY FROM Demo.abs WHERE implementation_id IN ('a', 'c')",
    ),
    "verbs four deep": (
        "DISCRIMINATE FROM (SLICE * FROM (FROM (SLICE * FROM (SLICE * FROM Demo.abs))) STEPS 1)",
        "DISCRIMINATE FROM Demo.abs STEPS 1",
    ),
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with stored(tmp_path_factory.mktemp("stored")) as running:
        yield running


def problem_of(word: str) -> tuple[str, str]:
    return ("Runs", "p") if word == "FLAKY" else ("Demo", "abs")


def rows(result: pa.Table) -> tuple[list[str], list[str]]:
    return result.schema.names, sorted(map(str, result.to_pylist()))


def test_every_verb_has_a_query() -> None:
    assert QUERIES.keys() == VERBS.keys()


@pytest.mark.parametrize("word", QUERIES)
def test_a_verb_is_allowed_wherever_a_query_is(engine: Engine, word: str) -> None:
    data_set, problem = problem_of(word)
    verb = QUERIES[word].format(f"{data_set}.{problem}")
    with duckdb.connect() as second:
        second.register("result", engine.query(verb).read_all())
        for position, text in POSITIONS.items():
            composed = engine.query(text.format(verb=verb, problem=problem)).read_all()
            around = second.sql(text.format(verb="FROM result", problem=problem)).to_arrow_table()
            assert rows(composed) == rows(around), position
            assert composed.num_rows > 0, position


@pytest.mark.parametrize("word", QUERIES)
def test_a_verb_takes_the_rows_of_a_query(engine: Engine, word: str) -> None:
    data_set, problem = problem_of(word)
    given = f"(FROM observations WHERE data_set_id = '{data_set}' AND problem_id = '{problem}')"
    result = engine.query(QUERIES[word].format(given)).read_all()
    assert result.to_pylist() == engine.query(QUERIES[word].format(f"{data_set}.{problem}")).read_all().to_pylist()
    assert result.num_rows > 0


@pytest.mark.parametrize("word", QUERIES)
def test_a_verb_selects_the_rows_of_another(engine: Engine, word: str) -> None:
    data_set, problem = problem_of(word)
    verb = QUERIES[word].format(f"{data_set}.{problem}")
    plain = engine.query(f"CLUSTER FROM {data_set}.{problem}").read_all()
    joined = f"SELECT o.* FROM observations AS o SEMI JOIN ({verb}) AS v USING (data_set_id, problem_id)"
    assert engine.query(f"CLUSTER FROM ({joined})").read_all() == plain
    chosen = f"CLUSTER FROM {data_set} WHERE problem_id IN (SELECT problem_id FROM ({verb}))"
    assert engine.query(chosen).read_all() == plain


@pytest.mark.parametrize(("fed", "plain"), SAME.values(), ids=SAME.keys())
def test_a_verb_over_other_verbs_equals_one_step(engine: Engine, fed: str, plain: str) -> None:
    result = engine.query(fed).read_all()
    assert result.to_pylist() == engine.query(plain).read_all().to_pylist()
    assert result.num_rows > 0
