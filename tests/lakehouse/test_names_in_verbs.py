"""Names that a verb compares: an end of DIFF, an implementation or a run of AGAINST."""

import pytest

from lakehouse.engine import Engine
from lakehouse.warehouse import Warehouse
from srcql.errors import UnknownName
from tests.lakehouse.conftest import observations

OF_COMMITS = [
    observations(("p", "a", "t1", 0, "1"), git_commit_hash="c1"),
    observations(("p", "a", "t1", 0, "2"), git_commit_hash="c2", run_id="r2"),
    observations(("p", "a", "t3", 0, "2"), git_commit_hash="c2", run_id="r2"),
    observations(("p", "a", "t2", 0, "1"), run_id="r3"),
]


@pytest.fixture
def commits(warehouse: Warehouse, engine: Engine) -> Engine:
    for rows in OF_COMMITS:
        warehouse.ingest("observations", rows)
    return engine


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("DIFF COMMIT c1 TO c2 FROM D WHERE test_id = 't2'", "commit c1"),
        ("DIFF COMMIT c1 TO c2 FROM D WHERE test_id = 't3'", "commit c1"),
        ("DIFF COMMIT c2 TO c1 FROM D WHERE test_id = 't2' AND git_commit_hash IS NULL", "commit c2"),
        ("DIFF COMMIT c2 TO c2 FROM D WHERE test_id = 't3' NOISE c1", "commit c1"),
        ("DIFF COMMIT c1 TO '' FROM D", "commit ''"),
        ("DIFF COMMIT c1 TO c2 FROM (SELECT * EXCLUDE (git_commit_hash) FROM observations)", "commit c1"),
    ],
)
def test_an_end_of_diff_that_selects_nothing_is_an_error(commits: Engine, text: str, name: str) -> None:
    with pytest.raises(UnknownName, match=f"no observations are selected for {name}\n"):
        commits.query(text)


def test_ends_exist_where_the_condition_selects_nothing_at_all(commits: Engine) -> None:
    assert commits.query("DIFF COMMIT c1 TO c2 FROM D WHERE test_id = 'none'").read_all().num_rows == 0
    with pytest.raises(UnknownName, match="for commit c9\n"):
        commits.query("DIFF COMMIT c1 TO c9 FROM D WHERE test_id = 'none'")


def test_a_snapshot_that_selects_nothing_is_an_error(commits: Engine) -> None:
    of_table = "SELECT snapshot_id FROM snapshots WHERE table_name = 'observations' ORDER BY committed_at"
    first, *_, last = commits.query(of_table).read_all()["snapshot_id"].to_pylist()
    versions = f"DIFF VERSION {first} TO {last} FROM D"
    assert commits.query(f"{versions} WHERE test_id = 't1'").read_all()["status"].to_pylist() == ["CHANGED"]
    assert commits.query(f"{versions} WHERE test_id = 'none'").read_all().num_rows == 0
    with pytest.raises(UnknownName, match=f"no observations are selected for version {first}\n"):
        commits.query(f"{versions} WHERE test_id = 't3'")


def test_a_run_of_rows_without_runs_is_unknown(commits: Engine) -> None:
    with pytest.raises(UnknownName, match="unknown run r2\n"):
        commits.query("CHECK FROM (SELECT * EXCLUDE (run_id) FROM observations) AGAINST RUN r2")
    with pytest.raises(UnknownName, match="unknown implementation ''\n"):
        commits.query("CHECK FROM D AGAINST IMPLEMENTATION ''")
    assert commits.query("CHECK FROM (FROM observations LIMIT 0) AGAINST RUN r2").read_all().num_rows == 0
