"""AT: earlier snapshots in verbs and in plain SQL, and errors for expired ones."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lakehouse.engine import Engine
from lakehouse.maintenance import Retention
from lakehouse.snapshots.history import history_of, latest_at
from lakehouse.warehouse import Warehouse, open_warehouse
from srcql.errors import SrcqlError, UnknownName
from tests.lakehouse.conftest import observations

ORACLE = "SELECT implementations FROM (CLUSTER FROM D.p AT (VERSION => {})) ORDER BY cluster_id"
NONE = timedelta(0)
SHORT = Retention(NONE, max_recent=0, keep_hourly_for=NONE, keep_daily_for=NONE, expire_at_least=1)


def code(implementation: str, text: str) -> pa.Table:
    row = {"data_set_id": ["D"], "problem_id": ["p"], "implementation_id": [implementation], "source_code": [text]}
    return pa.table(row)


def commit(warehouse: Warehouse, table: str, rows: pa.Table, **options: Any) -> int:
    """Add rows and return their snapshot, which has a commit time of its own."""
    before = datetime.now(UTC).replace(tzinfo=None)
    while datetime.now(UTC).replace(tzinfo=None) - before < timedelta(milliseconds=2):
        time.sleep(0)
    return warehouse.ingest(table, rows, **options).snapshot_id


@pytest.fixture
def versions(warehouse: Warehouse) -> list[int]:
    """Three commits of observations, with code before, between and after them."""
    commit(warehouse, "code_implementations", code("a", "first"))
    first = commit(warehouse, "observations", observations(("p", "a", "t", 0, "1"), ("p", "b", "t", 0, "1")))
    commit(warehouse, "code_implementations", code("a", "second"))
    second = commit(warehouse, "observations", observations(("p", "a", "t", 0, "2"), run_id="s"))
    third = commit(warehouse, "observations", observations(("q", "a", "t", 0, "3")))
    commit(warehouse, "code_implementations", code("a", "third"))
    return [first, second, third]


def times(warehouse: Warehouse) -> list[datetime]:
    return [commit.committed_at for commit in history_of(warehouse.table("observations"))]


def rows(engine: Engine, text: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in engine.query(text).read_all().to_pylist()]


def test_a_verb_reads_a_snapshot(engine: Engine, versions: list[int]) -> None:
    assert rows(engine, ORACLE.format(versions[0])) == [(["a", "b"],)]
    assert rows(engine, ORACLE.format(versions[1])) == [(["a"],), (["b"],)]
    text = "SELECT problem_id, size FROM (CLUSTER FROM * AT (VERSION => {}))"
    assert len(rows(engine, text.format(versions[1]))) == 2
    assert len(rows(engine, text.format(versions[2]))) == 3


def test_plain_sql_reads_a_snapshot(engine: Engine, versions: list[int]) -> None:
    for version, n in zip(versions, (2, 3, 4), strict=True):
        assert rows(engine, f"SELECT count(*) FROM observations AT (VERSION => {version})") == [(n,)]
        assert rows(engine, f"FROM (SUMMARIZE observations AT (VERSION => {version})) SELECT max(count)") == [(n,)]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT count(observations.output) FROM observations AT (VERSION => {})",
        "SELECT count(o.output) FROM observations AT (VERSION => {}) AS o",
        "SELECT count(o.output) FROM Observations o AT (VERSION => {}) WHERE true",
        "SELECT count(o.output) FROM o: observations AT (VERSION => {})",
        'SELECT count("observations".output) FROM lakehouse.main."observations"/**/AT(VERSION=>{})WHERE true',
        "FROM main.observations AT (VERSION => {}) SELECT count(*)",
        "WITH observations AS (FROM observations AT (VERSION => {})) SELECT count(*) FROM observations",
        "SELECT (SELECT count(*) FROM observations AT (VERSION => {}))",
        "SELECT sum(n) FROM (SELECT 0 AS n UNION ALL SELECT count(*) FROM observations AT (VERSION => {}))",
        "SELECT count(*) FROM (VALUES (1)) AS one, LATERAL (FROM observations AT (VERSION => {}))",
        "SELECT count(*) FROM (SLICE FROM (FROM observations AT (VERSION => {})))",
        "SELECT count(*) FROM (SLICE FROM * WHERE implementation_id IN (SELECT implementation_id FROM observations"
        " AT (VERSION => {})) AND run_id = 'r' AND problem_id = 'p')",
        "SELECT sum(n_observations) FROM problems AT (VERSION => {})",
        "SELECT sum(n_observations) FROM implementations AT (VERSION => {}) AS i",
        "SELECT sum(n_observations) FROM runs AT (VERSION => {})",
        "SELECT sum(size) FROM clusters AT (VERSION => {})",
        "SELECT sum(total) FROM oracles AT (VERSION => {})",
    ],
)
def test_at_wherever_a_table_is_allowed(engine: Engine, versions: list[int], text: str) -> None:
    ((found,),) = rows(engine, text.format(versions[0]))
    assert found == 2


def test_the_other_tables_are_read_as_of_the_commit(engine: Engine, versions: list[int]) -> None:
    for version, source in zip(versions, ("first", "second", "second"), strict=True):
        sliced = rows(engine, f"SLICE implementation_id FROM D.p AT (VERSION => {version}) WITH CODE")
        assert {row[-2] for row in sliced if row[2] == "a"} == {source}
    text = "SELECT list(source_code ORDER BY created_at) FROM code_implementations AT (VERSION => {})"
    assert rows(engine, text.format(versions[0])) == [(["first"],)]
    assert rows(engine, f"SELECT count(*) FROM tests AT (VERSION => {versions[0]})") == [(0,)]


def test_several_times_in_one_statement(engine: Engine, versions: list[int]) -> None:
    joined = (
        "SELECT old.size AS before, new.size AS after, old.cluster_id = new.cluster_id"
        f" FROM (CLUSTER FROM D.p AT (VERSION => {versions[0]})) AS old"
        f" JOIN (CLUSTER FROM D.p AT (VERSION => {versions[1]})) AS new USING (representative) ORDER BY ALL"
    )
    assert rows(engine, joined) == [(2, 1, True)]
    added = (
        "SELECT n.output FROM observations AS n ANTI JOIN observations AT (VERSION => {}) AS o"
        " ON n.run_id = o.run_id AND n.problem_id = o.problem_id ORDER BY ALL"
    )
    assert rows(engine, added.format(versions[0])) == [("2",), ("3",)]
    assert rows(engine, added.format(versions[1])) == [("3",)]


def test_a_time_is_that_of_the_last_commit_at_or_before_it(
    warehouse: Warehouse, engine: Engine, versions: list[int]
) -> None:
    text = "SELECT count(*) FROM observations AT (TIMESTAMP => {})"
    assert len(times(warehouse)) == len(versions)
    for at, n in zip(times(warehouse), (2, 3, 4), strict=True):
        assert rows(engine, text.format(f"'{at}'")) == [(n,)]
        assert rows(engine, text.format(f"TIMESTAMP '{at}'")) == [(n,)]
        assert rows(engine, text.format(f"'{at.isoformat()}Z'")) == [(n,)]
        assert rows(engine, text.format(f"'{at + timedelta(hours=2)}+02:00'")) == [(n,)]
    second = times(warehouse)[1]
    assert rows(engine, text.format(f"'{second - timedelta(microseconds=1)}'")) == [(2,)]
    assert rows(engine, text.format("'9000-01-01'")) == [(4,)]


def test_names_are_those_of_the_snapshot(engine: Engine, versions: list[int]) -> None:
    assert len(rows(engine, f"CLUSTER FROM D.q AT (VERSION => {versions[2]})")) == 1
    with pytest.raises(UnknownName) as unknown:
        engine.query(f"CLUSTER FROM D.q AT (VERSION => {versions[1]})")
    assert "line 1, column 16: unknown problem q in data set D" in str(unknown.value)


def test_runs_are_those_of_the_snapshot(engine: Engine, versions: list[int]) -> None:
    assert "__latest" not in engine.prepare(f"CLUSTER FROM D.p AT (VERSION => {versions[0]})").sql
    assert "__latest" in engine.prepare(f"CLUSTER FROM D.p AT (VERSION => {versions[1]})").sql


def test_added_columns_are_null_in_earlier_snapshots(warehouse: Warehouse, engine: Engine, versions: list[int]) -> None:
    warehouse.ingest("observations", observations(("p", "c", "t", 0, "1"), machine="large"), evolve=True)
    text = f"SELECT DISTINCT machine FROM observations AT (VERSION => {versions[2]})"
    assert rows(engine, text) == [(None,)]
    assert len(rows(engine, f"CLUSTER FROM D.p AT (VERSION => {versions[0]}) BY machine")) == 1


def test_past_results_do_not_change_with_commits(warehouse: Warehouse, engine: Engine, versions: list[int]) -> None:
    at = times(warehouse)[1]
    for clause in (f"VERSION => {versions[1]}", f"TIMESTAMP => '{at}'"):
        text = f"SLICE * FROM D AT ({clause}) RUNS EACH"
        statement = engine.prepare(text)
        before = statement.execute().reader().read_all()
        warehouse.ingest("observations", observations(("p", "a", "t", 0, "9"), run_id="z"))
        assert statement.execute().reader().read_all() == before == engine.query(text).read_all()


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("SELECT * FROM observations AT (VERSION => 1)", 43, "unknown snapshot 1 of observations"),
        ("CLUSTER FROM D AT (VERSION => 1)", 31, "unknown snapshot 1 of observations"),
        ("CLUSTER FROM D AT (TIMESTAMP => '2001-02-03')", 33, "no snapshot is kept at or before 2001-02-03 00:00:00"),
        ("SELECT 1 FROM runs AT (VERSION => ?)", 35, "expected a constant, found ?"),
        ("FROM snapshots AT (VERSION => 1)", 31, "AT cannot follow snapshots"),
        ("WITH t AS (SELECT 1) FROM t AT (VERSION => 1)", 27, "AT cannot follow the common table expression t"),
        ("CLUSTER FROM D AT (VERSION => one)", 31, "expected the id of a snapshot, found one"),
        ("CLUSTER FROM D AT (TIMESTAMP => 'then')", 33, "invalid time 'then'"),
        ("CLUSTER FROM D AT (TIMESTAMP => now())", 33, "expected a time in single quotes, found now"),
        ("CLUSTER FROM D AT (BRANCH => 'main')", 20, "expected VERSION or TIMESTAMP, found BRANCH"),
        ("CLUSTER FROM D AT (VERSION 1)", 28, "expected => after VERSION, found 1"),
        ("CLUSTER FROM D AT VERSION", 19, "expected ( after AT, found VERSION"),
        ("FROM observations AT (VERSION => 1 + 1)", 36, "expected ) at the end of AT, found +"),
    ],
)
def test_errors_have_a_position(engine: Engine, versions: list[int], text: str, place: int, said: str) -> None:
    with pytest.raises(SrcqlError) as raised:
        engine.query(text)
    assert str(raised.value).startswith(f"line 1, column {place}: {said}"), versions


def test_errors_beside_at_keep_their_position(engine: Engine, versions: list[int]) -> None:
    text = f"FROM observations o AT (VERSION => {versions[0]}) WHERE sizes = 1"
    with pytest.raises(UnknownName) as raised:
        engine.query(f"SELECT 1\n{text}")
    assert f"line 2, column {text.index('sizes') + 1}: unknown column sizes" in str(raised.value)


def test_before_the_first_commit_there_is_no_past(engine: Engine) -> None:
    with pytest.raises(UnknownName, match="observations has no snapshots yet"):
        engine.query("SELECT * FROM tests AT (TIMESTAMP => '2030-01-01')")


def test_rejects_a_snapshot_of_another_table(warehouse: Warehouse, engine: Engine, versions: list[int]) -> None:
    other = history_of(warehouse.table("code_implementations"))[1].snapshot_id
    message = f"expected a snapshot of observations, found snapshot {other} of code_implementations"
    with pytest.raises(UnknownName, match=message) as raised:
        engine.query(f"CLUSTER FROM D AT (VERSION => {other})")
    assert any(f"AT (VERSION => {version})" in str(raised.value) for version in versions[:2])


@pytest.fixture
def short_lived(tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse that keeps only the current and the tagged snapshots of observations."""
    with open_warehouse(tmp_path / "short_lived", retention=SHORT) as warehouse:
        yield warehouse


def keep(warehouse: Warehouse, version: int) -> None:
    warehouse.table("observations").manage_snapshots().create_tag(version, f"v{version}").commit()


def test_an_expired_snapshot_suggests_the_nearest_kept_one(short_lived: Warehouse) -> None:
    found = [commit(short_lived, "observations", observations(("p", "a", "t", 0, "0"), run_id="0"))]
    keep(short_lived, found[0])
    seen = [times(short_lived)[-1]]
    for run in range(1, 5):
        found.append(commit(short_lived, "observations", observations(("p", "a", "t", 0, str(run)), run_id=str(run))))
        seen.append(times(short_lived)[-1])
    short_lived.close()
    with open_warehouse(short_lived.location) as later, Engine(later) as engine:
        assert [at.snapshot_id for at in history_of(later.table("observations"))] == [found[0], found[4]]
        assert rows(engine, f"SELECT max(output) FROM observations AT (VERSION => {found[0]})") == [("0",)]
        assert rows(engine, f"SELECT max(output) FROM observations AT (TIMESTAMP => '{seen[0]}')") == [("0",)]
        assert rows(engine, f"SELECT max(output) FROM observations AT (TIMESTAMP => '{seen[4]}')") == [("4",)]
        for expired in range(1, 4):
            hint = rf"use the nearest kept snapshot: AT \(VERSION => ({found[0]}|{found[4]})\), committed 20"
            with pytest.raises(UnknownName, match=rf"snapshot {found[expired]} has expired[^§]*{hint}"):
                engine.query(f"CLUSTER FROM D AT (VERSION => {found[expired]})")
            with pytest.raises(UnknownName, match=rf"the snapshot at {seen[expired]} has expired[^§]*{hint}"):
                engine.query(f"CLUSTER FROM D AT (TIMESTAMP => '{seen[expired]}')")


def test_snapshots_that_a_kept_one_needs_stay(short_lived: Warehouse) -> None:
    commit(short_lived, "code_implementations", code("a", "before"))
    version = commit(short_lived, "observations", observations(("p", "a", "t", 0, "1")))
    keep(short_lived, version)
    for text in ("x", "y", "z"):
        commit(short_lived, "code_implementations", code("a", text))
    short_lived.close()
    with open_warehouse(short_lived.location) as later, Engine(later) as engine:
        assert len(history_of(later.table("code_implementations"))) < 4
        assert rows(engine, f"SLICE implementation_id FROM D AT (VERSION => {version}) WITH CODE")[0][3] == "before"


def test_at_equal_times_the_later_commit_counts(warehouse: Warehouse, versions: list[int]) -> None:
    history = history_of(warehouse.table("observations"))
    assert [found.snapshot_id for found in history] == versions
    assert latest_at(history, history[1].committed_at) is history[1]
    assert latest_at(history, history[0].committed_at - timedelta(milliseconds=1)) is None
