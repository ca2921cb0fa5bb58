"""Old snapshots expire, their batch ids stay known, and orphan files are removed."""

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from lakehouse import ledger
from lakehouse.maintenance import Retention, remove_orphans
from lakehouse.warehouse import Warehouse, open_warehouse
from tests.lakehouse.conftest import observations

ROWS = observations(("p", "i", "t", 0, "1"))
NOW = datetime(2030, 5, 17, 12, 30, tzinfo=UTC)
NONE = timedelta(0)


@pytest.fixture
def short_lived(tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse that keeps one snapshot and expires the others when there are four."""
    short = Retention(max_recent=1, keep_hourly_for=NONE, keep_daily_for=NONE, expire_at_least=4)
    with open_warehouse(tmp_path / "warehouse", retention=short) as opened:
        yield opened


def settle(warehouse: Warehouse) -> None:
    """Wait until the committer has expired snapshots after its last commit: it handles one batch after the other."""
    warehouse.ingest("observations", ROWS.slice(0, 0))


def snapshots(warehouse: Warehouse) -> int:
    return len(warehouse.table("observations").metadata.snapshots)


def test_keeps_every_recent_snapshot_up_to_a_number() -> None:
    times = [NOW - timedelta(seconds=ago) for ago in range(300, -1, -1)]
    kept = set(range(301)) - set(Retention().select_expired(times, NOW))
    assert kept == set(range(201, 301))


def test_keeps_the_last_of_each_hour_then_of_each_day() -> None:
    times = [NOW - timedelta(minutes=ago) for ago in range(200 * 24 * 60, -1, -20)]
    gone = set(Retention().select_expired(times, NOW))
    kept = [NOW - time for at, time in enumerate(times) if at not in gone]
    assert [age for age in kept if age <= timedelta(minutes=15)] == [timedelta(0)]
    hours = [age for age in kept if age <= timedelta(days=2)]
    assert len(hours) == 49
    assert {first - second for first, second in pairwise(hours[:-1])} == {timedelta(hours=1)}
    days = [age for age in kept if age > timedelta(days=2)]
    assert len(days) == 88
    assert {first - second for first, second in pairwise(days)} == {timedelta(days=1)}


def test_never_expires_the_current_snapshot() -> None:
    assert Retention().select_expired([NOW - timedelta(days=400), NOW - timedelta(days=365)], NOW) == [0]


def test_expired_batches_stay_known(short_lived: Warehouse) -> None:
    first = [short_lived.ingest("observations", ROWS, batch_id=f"b{at}") for at in range(17)]
    settle(short_lived)
    assert snapshots(short_lived) <= 5
    again = [short_lived.ingest("observations", ROWS, batch_id=f"b{at}") for at in range(17)]
    with open_warehouse(short_lived.location) as other:
        later = [other.ingest("observations", ROWS, batch_id=f"b{at}") for at in range(17)]
    assert again == later
    assert [(receipt.snapshot_id, receipt.rows) for receipt in again] == [(receipt.snapshot_id, 1) for receipt in first]
    assert all(receipt.repeated for receipt in again)
    assert short_lived.table("observations").scan().to_arrow().num_rows == 17


def test_a_long_open_process_knows_expired_batches(short_lived: Warehouse) -> None:
    with open_warehouse(short_lived.location) as bystander:
        bystander.ingest("observations", ROWS, batch_id="mine")
        for at in range(9):
            short_lived.ingest("observations", ROWS, batch_id=f"b{at}")
        assert bystander.ingest("observations", ROWS, batch_id="b0").repeated
        assert short_lived.ingest("observations", ROWS, batch_id="mine").repeated


def test_metadata_of_expired_snapshots_is_removed(short_lived: Warehouse) -> None:
    for _ in range(40):
        short_lived.ingest("observations", ROWS, batch_id=None)
    settle(short_lived)
    table = short_lived.table("observations")
    folder = Path(table.location_provider().metadata_path)
    current = table.current_snapshot()
    assert current is not None
    lists = {snapshot.manifest_list for snapshot in table.metadata.snapshots}
    manifests = {manifest.manifest_path for manifest in current.manifests(table.io)}
    assert {str(path) for path in folder.glob("snap-*.avro")} == lists
    assert {str(path) for path in folder.glob("*-m*.avro")} == manifests
    assert table.scan().to_arrow().num_rows == 40


def test_batch_ids_are_compacted(short_lived: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MAX_FILES", 2)
    for at in range(25):
        short_lived.ingest("observations", ROWS, batch_id=f"b{at}")
    settle(short_lived)
    ingests = short_lived.catalog.load_table("srcql.ingests")
    known = ingests.scan().to_arrow()["batch_id"].to_pylist()
    assert sorted(known) == sorted(set(known))
    assert len(list(ingests.scan().plan_files())) <= 3
    assert short_lived.ingest("observations", ROWS, batch_id="b0").repeated


def test_old_batch_ids_are_dropped_at_compaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MAX_FILES", 1)
    short = Retention(
        max_recent=1,
        keep_hourly_for=NONE,
        keep_daily_for=NONE,
        expire_at_least=2,
        keep_batch_ids_for=timedelta(microseconds=1),
    )
    with open_warehouse(tmp_path, retention=short) as warehouse:
        for at in range(8):
            warehouse.ingest("observations", ROWS, batch_id=f"b{at}")
        settle(warehouse)
        assert "b0" not in warehouse.catalog.load_table("srcql.ingests").scan().to_arrow()["batch_id"].to_pylist()


def test_removes_only_orphan_files(short_lived: Warehouse) -> None:
    for at in range(9):
        short_lived.ingest("observations", ROWS, batch_id=f"b{at}")
    settle(short_lived)
    table = short_lived.table("observations")
    strays = [
        Path(table.location_provider().data_path, "stray.parquet"),
        Path(table.location_provider().metadata_path, "stray.avro"),
    ]
    young = strays[0].with_name("young.parquet")
    for path in (*strays, young):
        path.write_bytes(b"")
    for folder in (strays[0].parent, strays[1].parent):
        for path in folder.iterdir():
            if path != young:
                os.utime(path, (0, 0))
    assert remove_orphans([short_lived.table(name) for name in short_lived.tables]) == 2
    assert [path.exists() for path in (*strays, young)] == [False, False, True]
    assert short_lived.table("observations").scan().to_arrow().num_rows == 9
    assert short_lived.ingest("observations", ROWS, batch_id="b3").repeated


def test_commits_leave_no_orphans(tmp_path: Path) -> None:
    with open_warehouse(tmp_path) as warehouse:
        for _ in range(35):
            warehouse.ingest("observations", ROWS)
            assert warehouse.remove_orphans(NONE) == 0


def test_lost_races_leave_no_orphans(tmp_path: Path) -> None:
    with open_warehouse(tmp_path) as one, open_warehouse(tmp_path) as other:
        both = [
            threading.Thread(
                target=lambda each=each: [each.ingest("observations", ROWS, batch_id=None) for _ in range(10)]
            )
            for each in (one, other)
        ]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert one.table("observations").scan().to_arrow().num_rows == 20
        assert one.remove_orphans(NONE) == 0


def test_orphans_are_removed_after_an_expiry(short_lived: Warehouse) -> None:
    folders = [Path(short_lived.data_locations[0]), Path(short_lived.table("observations").location()) / "orphans"]
    strays = [folder / "stray.parquet" for folder in folders]
    for stray in strays:
        stray.parent.mkdir(parents=True, exist_ok=True)
        stray.touch()
        os.utime(stray, (0, 0))
    for _ in range(9):
        short_lived.ingest("observations", ROWS, batch_id=None)
    settle(short_lived)
    assert not [stray for stray in strays if stray.exists()]
    assert short_lived.table("observations").scan().to_arrow().num_rows == 9
