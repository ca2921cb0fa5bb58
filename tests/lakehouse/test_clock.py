"""Commits keep their order in time when the clock is set back."""

import datetime as dt
import time
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.table import update
from pyiceberg.table.metadata import TableMetadata

from lakehouse.engine import Engine
from lakehouse.maintenance import Retention
from lakehouse.warehouse import Warehouse, open_warehouse
from tests.lakehouse.conftest import observations

NONE = timedelta(0)
TEST = pa.table({"data_set_id": ["D"], "problem_id": ["p"], "test_id": ["t"]})


def rows(run: str, **more: str) -> pa.Table:
    return observations(("p", "i", "t", 0, "1"), run_id=run, **more)


@pytest.fixture
def set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set both clocks that PyIceberg reads back by an hour."""
    now = time.time

    class Earlier(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return dt.datetime.fromtimestamp(time.time(), tz)

    monkeypatch.setattr(time, "time", lambda: now() - 3600)
    monkeypatch.setattr(update, "datetime", Earlier)


def times(metadata: TableMetadata) -> list[list[int]]:
    """All times in the metadata of a table, in the order of the commits."""
    snapshots = sorted(metadata.snapshots, key=lambda snapshot: snapshot.sequence_number or 0)
    return [
        [snapshot.timestamp_ms for snapshot in snapshots],
        [entry.timestamp_ms for entry in metadata.snapshot_log],
        [*(entry.timestamp_ms for entry in metadata.metadata_log), metadata.last_updated_ms],
    ]


def check_order(warehouse: Warehouse, name: str) -> None:
    snapshots, log, changes = times(warehouse.table(name).metadata)
    assert all(first < second for first, second in pairwise(snapshots))
    assert all(first < second for first, second in pairwise(log))
    assert all(first <= second for first, second in pairwise(changes))
    assert changes[-1] >= log[-1]


def test_times_increase_when_the_clock_is_set_back(
    warehouse: Warehouse, engine: Engine, request: pytest.FixtureRequest
) -> None:
    warehouse.ingest("observations", rows("before"))
    warehouse.ingest("tests", TEST)
    request.getfixturevalue("set_back")
    warehouse.ingest("observations", rows("after"))
    warehouse.ingest("observations", rows("evolved", more="x"), evolve=True)
    with open_warehouse(warehouse.location) as other:
        other.ingest("observations", rows("other"))
    check_order(warehouse, "observations")
    snapshots = engine.query("FROM snapshots WHERE table_name = 'observations' ORDER BY committed_at").read_all()
    runs = [
        engine.query(f"SELECT run_id FROM observations AT (TIMESTAMP => '{time}')").read_all()["run_id"].to_pylist()
        for time in snapshots["committed_at"].to_pylist()
    ]
    assert [len(found) for found in runs] == [1, 2, 3, 4]
    assert set(runs[1]) == {"before", "after"}
    (after,) = (
        i
        for i, n in zip(snapshots["snapshot_id"].to_pylist(), snapshots["total_rows"].to_pylist(), strict=True)
        if n == 2
    )
    assert len(engine.query(f"SELECT test_id FROM tests AT (VERSION => {after})").read_all()) == 1


def test_expiry_keeps_the_order(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    short = Retention(max_recent=1, keep_all_for=NONE, keep_hourly_for=NONE, keep_daily_for=NONE, expire_at_least=3)
    with open_warehouse(tmp_path, retention=short) as warehouse:
        warehouse.ingest("observations", rows("before"))
        request.getfixturevalue("set_back")
        for at in range(6):
            warehouse.ingest("observations", rows(f"r{at}"))
            check_order(warehouse, "observations")
        assert warehouse.ingest("observations", rows("r0")).rows == 1
    with open_warehouse(tmp_path) as warehouse:
        assert len(warehouse.table("observations").metadata.snapshots) < 7
        check_order(warehouse, "observations")
