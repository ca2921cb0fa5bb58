"""EXPLAIN: the SQL, the files and the columns of a query, and the positions of mistakes in it."""

import re
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from lakehouse.engine import Engine
from lakehouse.snapshots.planner import Planner
from lakehouse.warehouse import Warehouse
from srcql.clauses.cube import Selection
from srcql.errors import Cancelled, ExecutionError, Forbidden, InvalidQuery, SrcqlError, UnknownName, Unsupported
from srcql.explain import WIDTH
from tests.lakehouse.conftest import observations

PAGE = (Path(__file__).parents[3] / "docs" / "language.md").read_text(encoding="utf-8")


@pytest.fixture
def files(warehouse: Warehouse) -> list[str]:
    """The paths of the files of two problems, relative to the warehouse."""
    paths = []
    for problem in ("p", "q"):
        warehouse.ingest("observations", observations((problem, "a", "t", 0, "1"), (problem, "b", "t", 0, "2")))
        found = Planner(warehouse).snapshot().files("observations", Selection(None, None, frozenset({problem})))
        paths += [str(Path(file.path.removeprefix("file://")).relative_to(warehouse.location)) for file in found]
    return paths


def explanation(engine: Engine, text: str, *parameters: object) -> dict[str, list[str]]:
    result = engine.query(text, parameters).read_all()
    assert result.schema == pa.schema({"key": pa.string(), "value": pa.string()})
    rows = result.to_pydict()
    found: dict[str, list[str]] = {}
    for key, value in zip(rows["key"], rows["value"], strict=True):
        found.setdefault(key, []).append(value)
    return found


def test_explain_of_a_verb(engine: Engine, files: list[str]) -> None:
    found = explanation(engine, "EXPLAIN CLUSTER FROM D.q WHERE step_id = 0")
    assert list(found) == ["sql", "file", "column"]
    assert " ".join(found["sql"]).split() == engine.prepare("CLUSTER FROM D.q WHERE step_id = 0").sql.split()
    assert len(found["sql"]) > 10
    assert max(map(len, found["sql"])) <= WIDTH
    assert found["file"] == [files[1]]
    assert found["column"][-3:] == ["n_missing BIGINT", "fingerprint VARCHAR", "is_largest BOOLEAN"]
    assert (found["column"][0], found["column"][6]) == ("data_set_id VARCHAR", "implementations VARCHAR[]")


def test_explain_of_plain_sql(engine: Engine, files: list[str]) -> None:
    found = explanation(engine, " -- why\nexplain\tSELECT count(*) AS n, output FROM observations GROUP BY 2;")
    assert found["file"] == sorted(files)
    assert found["column"] == ["n BIGINT", "output VARCHAR"]
    assert found["sql"][-1].endswith("SELECT count(*) AS n, output FROM observations GROUP BY 2;")


@pytest.mark.parametrize(
    "text",
    [
        "EXPLAIN (CLUSTER FROM D)",
        "EXPLAIN WITH c AS (CLUSTER FROM D.p) SELECT * FROM c UNION ALL CLUSTER FROM D",
        "EXPLAIN SELECT * FROM clusters",
        "EXPLAIN FROM observations AT (TIMESTAMP => '2100-01-01')",
        "EXPLAIN SELECT * FROM problems, runs AT (TIMESTAMP => '2100-01-01') AS r",
    ],
)
def test_every_file_is_named_once(engine: Engine, files: list[str], text: str) -> None:
    assert explanation(engine, text)["file"] == sorted(files)


def test_the_files_are_those_of_the_snapshot(warehouse: Warehouse, engine: Engine, files: list[str]) -> None:
    first = min(warehouse.table("observations").metadata.snapshots, key=lambda found: found.timestamp_ms).snapshot_id
    assert explanation(engine, f"EXPLAIN CLUSTER FROM * AT (VERSION => {first})")["file"] == [files[0]]


def test_a_query_without_tables_has_no_file(engine: Engine) -> None:
    assert explanation(engine, 'EXPLAIN SELECT 1 AS "one\'s"') == {
        "sql": ['SELECT 1 AS "one\'s"'],
        "column": ["one's INTEGER"],
    }
    assert "file" not in explanation(engine, "EXPLAIN CLUSTER FROM *")


@pytest.mark.usefixtures("files")
def test_parameters_are_those_of_the_query(engine: Engine) -> None:
    text = "EXPLAIN SELECT ? AS a, output FROM observations WHERE problem_id = ?"
    statement = engine.prepare(text)
    assert (statement.parameters, statement.text) == (2, text)
    assert explanation(engine, text, 1.5, "p")["column"] == ["a DOUBLE", "output VARCHAR"]
    with pytest.raises(InvalidQuery, match="expected 2 parameters, found 0"):
        statement.execute()
    assert explanation(engine, "EXPLAIN ANALYZE" + text[7:], 1.5, "p")["rows"] == ["2"]
    with pytest.raises(InvalidQuery, match="expected 2 parameters, found 0"):
        engine.query("EXPLAIN ANALYZE" + text[7:])


PROFILED = {
    "CLUSTER FROM D.q": "2",
    "CLUSTER FROM *": "4",
    "(CLUSTER FROM D.p) UNION ALL (CLUSTER FROM D.q) UNION ALL SELECT * FROM (CLUSTER FROM D.q)": "6",
    "WITH c AS MATERIALIZED (CLUSTER FROM D) SELECT * FROM c UNION ALL SELECT * FROM c": "8",
    "SELECT * FROM (ORACLE FROM D) ORDER BY test_id LIMIT 1": "1",
    "FROM (MATRIX FROM D.p ROWS TEST), observations": "4",
    "SLICE FROM D WHERE implementation_id = 'x'": "0",
    "SELECT count(*) FROM observations": "1",
}


@pytest.mark.parametrize(("query", "rows"), PROFILED.items())
@pytest.mark.usefixtures("files")
def test_a_profile_has_the_documented_keys(engine: Engine, query: str, rows: str) -> None:
    found = explanation(engine, f"EXPLAIN ANALYZE {query}")
    assert list(found) == re.findall(
        r"^\| `(\w+)` \|", PAGE.split("EXPLAIN ANALYZE query\n")[1].split("\n## ")[0], re.M
    )
    assert found.pop("rows") == [rows] == [str(engine.query(query).read_all().num_rows)]
    assert all(re.fullmatch(r" *[A-Z_]+( \w+)?: \d+\.\d{6} s, \d+ rows", line) for line in found.pop("operator"))
    assert re.fullmatch(r"\d+ of \d+", found.pop("row_groups")[0])
    assert all(float(value) >= 0 for values in found.values() for value in values)


def test_a_profile_counts_what_was_read(engine: Engine, files: list[str]) -> None:
    found = explanation(engine, "EXPLAIN ANALYZE SELECT output FROM observations")
    assert (found["files"], found["row_groups"], found["rows_scanned"]) == ([str(len(files))], ["2 of 2"], ["4"])
    one = explanation(engine, "EXPLAIN ANALYZE SLICE FROM D.p")
    assert (one["files"], one["row_groups"]) == (["1"], ["1 of 1"])


def test_a_query_without_operators_has_only_its_time(engine: Engine) -> None:
    assert list(explanation(engine, "EXPLAIN ANALYZE VALUES (1), (2)")) == ["seconds"]


@pytest.mark.usefixtures("files")
def test_no_explanation_reveals_the_path_of_the_warehouse(engine: Engine, warehouse: Warehouse) -> None:
    for text in ("EXPLAIN CLUSTER FROM D", "EXPLAIN ANALYZE CLUSTER FROM D"):
        assert warehouse.location not in str(explanation(engine, text))


@pytest.mark.usefixtures("files")
def test_a_profile_ends_when_it_is_interrupted(engine: Engine) -> None:
    with engine.prepare("EXPLAIN ANALYZE SELECT sum(hash(range)) FROM range(100000000000)").execute() as result:
        running = threading.Timer(0.2, result.interrupt)
        running.start()
        with pytest.raises(Cancelled):
            next(result.batches())
        running.join()


@pytest.mark.usefixtures("files")
def test_explained_queries_are_not_cached(engine: Engine) -> None:
    cached = engine.prepare("CLUSTER FROM D")
    for number in range(300):
        explanation(engine, f"EXPLAIN SELECT {number}")
    assert engine.prepare("CLUSTER FROM D") is cached


@pytest.mark.parametrize(
    ("text", "kind", "place", "message"),
    [
        ("EXPLAIN CLUSTER FROM E", UnknownName, 22, "unknown data set E"),
        ("EXPLAIN CLUSTER FROM D WHERE x = 1", UnknownName, 30, "unknown column x"),
        ("EXPLAIN CLUSTER FROM D AT (VERSION => 1)", UnknownName, 39, "unknown snapshot 1 of observations"),
        ("EXPLAIN SELECT x FROM observations", UnknownName, 16, "unknown column x"),
        ("EXPLAIN SELECT size FROM (CLUSTER FROM D) WHERE sizes = 1", UnknownName, 49, "unknown column sizes"),
        ("EXPLAIN EXPLAIN SELECT 1", Unsupported, 9, "duplicate EXPLAIN"),
        ("EXPLAIN ANALYZE EXPLAIN SELECT 1", Unsupported, 17, "duplicate EXPLAIN"),
        ("EXPLAIN ANALYZE ANALYZE SELECT 1", Unsupported, 17, "duplicate ANALYZE"),
        ("EXPLAIN ANALYZE", InvalidQuery, 16, "expected a query after EXPLAIN, found the end of the statement"),
        ("EXPLAIN ;", InvalidQuery, 8, "expected a query after EXPLAIN, found the end of the statement"),
        ("EXPLAIN ANALYZE SELECT é, x FROM observations", UnknownName, 24, "unknown column é"),
        ("EXPLAIN (FORMAT json) SELECT 1", Unsupported, 10, "EXPLAIN takes no options"),
        ("EXPLAIN ( ANALYZE ) CLUSTER FROM D", Unsupported, 11, "EXPLAIN takes no options"),
        ("EXPLAIN SELECT FROM x WHERE", InvalidQuery, 23, "syntax error"),
        ("EXPLAIN ANALYZE SELECT 'é', CAST(test_id AS INT) FROM observations", ExecutionError, 29, "'t' is not an"),
    ],
)
def test_mistakes_are_located_in_the_text_of_the_user(
    engine: Engine, files: list[str], text: str, kind: type[SrcqlError], place: int, message: str
) -> None:
    assert files
    with pytest.raises(kind) as raised:
        engine.query(text).read_all()
    first, line, underline, *_ = str(raised.value).split("\n")
    assert first.startswith(f"line 1, column {place}: {message}")
    assert line == f"  {text}"
    assert underline.index("^") == place + 1


@pytest.mark.parametrize(
    "text",
    [
        "EXPLAIN DROP TABLE observations",
        "EXPLAIN ANALYZE DROP TABLE observations",
        "EXPLAIN ANALYZE COPY (CLUSTER FROM *) TO 'x.parquet'",
        "EXPLAIN CREATE TABLE cached AS CLUSTER FROM *",
        "EXPLAIN SELECT * FROM read_text('/etc/passwd')",
    ],
)
def test_explain_rejects_anything_but_queries_of_the_lakehouse(engine: Engine, text: str) -> None:
    with pytest.raises(Forbidden):
        engine.query(text)


@pytest.mark.parametrize("text", ["PREPARE p AS CLUSTER FROM D", "DROP CLUSTER FROM D", "CALL CLUSTER FROM D"])
def test_other_commands_reject_verbs(engine: Engine, text: str) -> None:
    with pytest.raises((InvalidQuery, Unsupported)):
        engine.query(text)
