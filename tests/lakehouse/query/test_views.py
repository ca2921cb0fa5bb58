"""The overviews: their counts, the code they show, and that a statement creates only those it names."""

from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from lakehouse.engine import Engine
from lakehouse.query.overviews import OVERVIEWS, comments_of
from lakehouse.warehouse import Warehouse
from srcql.schema import TABLES
from tests.lakehouse.conftest import observations

NOON = datetime(2026, 1, 2, 12)


def rows(engine: Engine, text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = engine.query(text).read_all().to_pylist()
    return found


@pytest.fixture
def filled(warehouse: Warehouse, engine: Engine) -> Engine:
    """Two problems, two runs of one of them, an expected response for each, and two versions of the code."""
    r1 = {"created_at": NOON, "environment_id": "ci-1", "git_commit_hash": "c1"}
    responses = (("p", "a", "t", 0, "1"), ("p", "a", "u", 0, "2"), ("p", "b", "t", 0, "$EXCEPTION@E@x"))
    warehouse.ingest("observations", observations(*responses, **r1), batch_id="first")
    later = {"run_id": "s", "created_at": NOON.replace(hour=13), "environment_id": "ci-1"}
    warehouse.ingest("observations", observations(("p", "a", "t", 0, "1"), **later, git_commit_hash="c2"))
    warehouse.ingest("observations", observations(("p", "c", "t", 0, "1"), **later, git_commit_hash="c3"))
    expected = (("p", "oracle", "t", 0, "1"), ("q", "oracle", "t", 0, "1"))
    warehouse.ingest("observations", observations(*expected, specified_oracle=True, run_id="o"))
    code = {
        "data_set_id": ["D"] * 3,
        "problem_id": ["p"] * 3,
        "implementation_id": ["a", "a", "oracle"],
        "code_hash": ["new", "old", "x"],
        "language": ["Java", "Python", "Java"],
        "lines_of_code": pa.array([7, 9, 1], pa.int32()),
        "created_at": [NOON, NOON.replace(hour=1), NOON],
    }
    warehouse.ingest("code_implementations", pa.table(code))
    return engine


def test_problems(filled: Engine) -> None:
    counts = {"n_implementations": 3, "n_tests": 2, "n_runs": 2, "n_observations": 5, "n_specified": 1}
    times = {"first_created_at": NOON, "last_created_at": NOON.replace(hour=13)}
    assert rows(filled, "SELECT * EXCLUDE data_set_id FROM problems ORDER BY problem_id") == [
        {"problem_id": "p", **counts, **times},
        {"problem_id": "q", **dict.fromkeys(counts, 0), "n_specified": 1, **dict.fromkeys(times)},
    ]


def test_implementations_have_one_row_with_the_latest_code(filled: Engine) -> None:
    columns = "implementation_id, language, lines_of_code, code_hash, n_tests, n_runs, n_observations, n_exceptions"
    found = rows(filled, f"SELECT {columns} FROM implementations ORDER BY ALL")
    assert [tuple(row.values()) for row in found] == [
        ("a", "Java", 7, "new", 2, 2, 3, 0),
        ("b", None, None, None, 1, 1, 1, 1),
        ("c", None, None, None, 1, 1, 1, 0),
    ]


def test_runs_have_the_context_that_all_their_rows_share(filled: Engine) -> None:
    assert rows(filled, "SELECT * EXCLUDE (data_set_id, researcher_name) FROM runs ORDER BY run_id") == [
        {
            "run_id": "r",
            "environment_id": "ci-1",
            "git_commit_hash": "c1",
            "ci_pipeline_id": None,
            "first_created_at": NOON,
            "last_created_at": NOON,
            "n_problems": 1,
            "n_implementations": 2,
            "n_tests": 2,
            "n_observations": 3,
        },
        {
            "run_id": "s",
            "environment_id": "ci-1",
            "git_commit_hash": None,
            "ci_pipeline_id": None,
            "first_created_at": NOON.replace(hour=13),
            "last_created_at": NOON.replace(hour=13),
            "n_problems": 1,
            "n_implementations": 2,
            "n_tests": 1,
            "n_observations": 2,
        },
    ]


def test_at_accepts_the_snapshots(filled: Engine) -> None:
    found = rows(filled, "FROM snapshots ORDER BY committed_at")
    assert [(row["table_name"], row["operation"], row["added_rows"], row["total_rows"]) for row in found] == [
        ("observations", "append", 3, 3),
        ("observations", "append", 1, 4),
        ("observations", "append", 1, 5),
        ("observations", "append", 2, 7),
        ("code_implementations", "append", 3, 3),
    ]
    assert found[0]["batch_ids"] == ["first"]
    for row in found[:4]:
        for at in (f"VERSION => {row['snapshot_id']}", f"TIMESTAMP => '{row['committed_at']}'"):
            assert rows(filled, f"SELECT count(*) AS n FROM observations AT ({at})") == [{"n": row["total_rows"]}]


def test_a_batch_id_of_any_characters_is_shown(warehouse: Warehouse, engine: Engine) -> None:
    odd = "it's {at} \0 AT (VERSION => 1) CLUSTER FROM __x; --"
    warehouse.ingest("observations", observations(("p", "a", "t", 0, "1")), batch_id=odd)
    assert rows(engine, "SELECT batch_ids FROM snapshots") == [{"batch_ids": [odd]}]


VERBS = [
    ("clusters", "CLUSTER FROM *"),
    ("oracles", "ORACLE FROM *"),
    ("verdicts", "CHECK FROM * AGAINST SPECIFIED PER TEST"),
    ("pass_rates", "CHECK FROM * AGAINST SPECIFIED"),
]


@pytest.mark.parametrize(("name", "verb"), VERBS)
def test_a_verb_with_its_defaults(filled: Engine, name: str, verb: str) -> None:
    found = filled.query(f"FROM {name} ORDER BY ALL").read_all()
    assert found.equals(filled.query(f"SELECT * FROM ({verb}) ORDER BY ALL").read_all())
    assert found.num_rows > 1


def test_flaky_steps_and_changes_of_runs(warehouse: Warehouse, engine: Engine) -> None:
    for hour, run, output in ((1, "r1", "1"), (2, "r2", "1.0"), (3, "r3", "2"), (4, "r4", "1")):
        time = datetime(2024, 1, 1, hour)
        row = observations(("p", "a", "t", 0, output), run_id=run, created_at=time, git_commit_hash=f"c{hour}")
        warehouse.ingest("observations", row)
    flaky = rows(engine, "FROM flaky")
    assert flaky == rows(engine, "FLAKY FROM *")
    assert [row["outputs"] for row in flaky] == [["1", "2"]]
    changes = rows(
        engine, "SELECT before_run_id, run_id, before, after, git_commit_hash FROM changes ORDER BY created_at"
    )
    assert [tuple(row.values()) for row in changes] == [("r2", "r3", "1.0", "2", "c3"), ("r3", "r4", "2", "1", "c4")]
    (first, *_) = rows(engine, "SELECT snapshot_id FROM snapshots WHERE total_rows = 3")
    assert len(rows(engine, f"FROM changes AT (VERSION => {first['snapshot_id']})")) == 1


@pytest.mark.parametrize("name", OVERVIEWS)
def test_every_overview_has_its_documented_columns(filled: Engine, engine: Engine, name: str) -> None:
    assert filled.prepare(f"FROM {name}").schema.names == list(OVERVIEWS[name].columns)
    assert all(OVERVIEWS[name].columns.values())
    assert OVERVIEWS[name].doc
    assert engine.query(f"SELECT count(*) FROM {name} AS any_name").read_all().num_rows == 1


@pytest.mark.parametrize("name", OVERVIEWS)
def test_an_empty_lakehouse_has_empty_overviews(engine: Engine, name: str) -> None:
    result = engine.query(f"FROM {name}").read_all()
    assert (result.num_rows, result.schema.names) == (0, list(OVERVIEWS[name].columns))


def test_types_are_those_of_the_language(filled: Engine) -> None:
    for name in OVERVIEWS:
        for field in filled.prepare(f"FROM {name}").schema:
            if field.name.startswith("n_") or field.name.endswith("_rows"):
                assert field.type == pa.int64(), (name, field.name)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("WITH clusters AS (SELECT 7 AS a) FROM clusters", [{"a": 7}]),
        ("WITH Clusters AS (SELECT 7 AS a) SELECT c.a FROM (SELECT * FROM CLUSTERS) AS c", [{"a": 7}]),
        ("WITH RECURSIVE runs(a) AS (SELECT 6 UNION SELECT 7 FROM runs) FROM runs WHERE a > 6", [{"a": 7}]),
        ("FROM (WITH problems AS (SELECT 7 AS a), other AS (FROM problems) FROM other)", [{"a": 7}]),
    ],
)
def test_a_common_table_expression_hides_a_view_which_is_not_created(
    filled: Engine, text: str, result: list[dict[str, Any]]
) -> None:
    statement = filled.prepare(text)
    with statement.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal AND temporary").fetchall() == [
            (0,)
        ]
    assert rows(filled, text) == result


def test_a_view_is_read_where_no_common_table_expression_hides_it(filled: Engine) -> None:
    text = "SELECT count(*) AS n FROM main.runs, (WITH runs AS (SELECT 1) FROM runs)"
    assert rows(filled, text) == [{"n": 2}]
    assert rows(filled, "WITH runs AS (FROM runs WHERE run_id = 's') SELECT count(*) AS n FROM runs") == [{"n": 1}]
    hidden = "WITH observations AS (SELECT 1), code_implementations AS (SELECT 2)"
    assert rows(filled, f"{hidden} SELECT count(*) AS n FROM implementations") == [{"n": 3}]


def test_only_named_views_are_created(filled: Engine) -> None:
    for text, views in {
        "SELECT 1": [],
        "FROM observations": ["observations"],
        "CLUSTER FROM D": ["__observations_3"],
        "FROM runs JOIN problems USING (data_set_id)": ["problems", "runs"],
    }.items():
        with filled.prepare(text).cursor() as cursor:
            made = cursor.execute(
                "SELECT view_name FROM duckdb_views() WHERE NOT internal AND temporary ORDER BY 1"
            ).fetchall()
        assert [name for (name,) in made] == views


def test_tables_views_and_columns_have_comments(filled: Engine) -> None:
    tables = rows(filled, 'SELECT table_name, "TABLE_COMMENT" AS comment FROM information_schema.tables')
    assert {row["table_name"]: row["comment"] for row in tables} == {
        name: comments_of(name)[0] for name in (*TABLES, *OVERVIEWS)
    }
    columns = rows(
        filled, 'SELECT table_name, column_name, "COLUMN_COMMENT" AS comment FROM information_schema.columns'
    )
    found: dict[str, dict[str, str]] = {}
    for row in columns:
        found.setdefault(row["table_name"], {})[row["column_name"]] = row["comment"]
    assert found == {name: comments_of(name)[1] for name in (*TABLES, *OVERVIEWS)}
