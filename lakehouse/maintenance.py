"""Keeps a warehouse small: expires old snapshots and removes files that no snapshot refers to.

Expiry never removes data files, because tables only grow: every row of an expired snapshot is in the later ones.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.update.snapshot import ExpireSnapshots

from lakehouse.catalog import SingleUpdate
from lakehouse.folder import check_history, files_below
from lakehouse.ledger import Ledger, committed_at

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ORPHAN_AGE = timedelta(days=1)


@dataclass(frozen=True)
class Retention:
    """Which snapshots a warehouse keeps; the current one and those with a tag or branch always stay.

    keep_all_for: keep every snapshot of this age or younger, but at most `max_recent` of them.
    keep_hourly_for: keep the last snapshot of each hour up to this age.
    keep_daily_for: keep the last snapshot of each day up to this age.
    keep_batch_ids_for: recognise repeated batch ids at least this long, even after their snapshots have expired.
    expire_at_least: expire snapshots only when at least this many can go, because each expiry is a commit.
    """

    keep_all_for: timedelta = timedelta(minutes=15)
    max_recent: int = 100
    keep_hourly_for: timedelta = timedelta(days=2)
    keep_daily_for: timedelta = timedelta(days=90)
    keep_batch_ids_for: timedelta = timedelta(days=30)
    expire_at_least: int = 50

    def select_expired(self, times: Sequence[datetime], now: datetime, needed_at: Iterable[datetime] = ()) -> list[int]:
        """Return the positions of the snapshots to expire; `times` are their sorted commit times.

        The last snapshot stays, and so does each that was current at one of the times in `needed_at`.

        >>> noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
        >>> minutes = [noon - timedelta(minutes=ago) for ago in (95, 65, 62, 16, 10, 0)]
        >>> Retention().select_expired(minutes, noon)
        [0, 1, 3]
        >>> Retention().select_expired(minutes, noon, needed_at=[minutes[1]])
        [0, 3]
        """
        kept = {len(times) - 1}
        recent = [at for at, time in enumerate(times) if now - time <= self.keep_all_for]
        kept.update(at for at in recent if at >= len(times) - self.max_recent)
        for reach, period in ((self.keep_hourly_for, timedelta(hours=1)), (self.keep_daily_for, timedelta(days=1))):
            last = {(time - EPOCH) // period: at for at, time in enumerate(times) if now - time <= reach}
            kept.update(last.values())
        for needed in needed_at:
            kept.update([at for at, time in enumerate(times) if time <= needed][-1:])
        return [at for at in range(len(times)) if at not in kept]


def expire_snapshots(
    table: IcebergTable, ledger: Ledger, retention: Retention, observed: IcebergTable | None = None
) -> int:
    """Expire the snapshots of a table that need not stay, if there are enough; return how many expired.

    A snapshot stays if it was current at a kept snapshot of `observed`: AT reads all tables at that time.
    """
    now = datetime.now(UTC)
    needed_at = [_time(snapshot) for snapshot in observed.metadata.snapshots] if observed else []
    snapshots = sorted(table.metadata.snapshots, key=lambda snapshot: snapshot.sequence_number or 0)
    protected = {reference.snapshot_id for reference in table.metadata.refs.values()}
    positions = [
        at
        for at in retention.select_expired([_time(snapshot) for snapshot in snapshots], now, needed_at)
        if snapshots[at].snapshot_id not in protected
    ]
    if len(positions) < retention.expire_at_least:
        return 0
    oldest = (now - retention.keep_batch_ids_for).replace(tzinfo=None)
    ledger.save_batches(table.name()[-1], [snapshots[at] for at in positions], oldest)
    unused = _unused_metadata(table, snapshots, set(positions))
    expiry = ExpireSnapshots(SingleUpdate(table, autocommit=True))
    expiry.by_ids([snapshots[at].snapshot_id for at in positions]).commit()
    for path in unused:
        with suppress(OSError):
            table.io.delete(path)
    return len(positions)


def _unused_metadata(table: IcebergTable, snapshots: Sequence[Snapshot], expired: set[int]) -> set[str]:
    """Return the manifest lists and manifests that only the expired snapshots use.

    A manifest belongs to consecutive snapshots. So only the neighbours of expired snapshots have to be read.
    """
    neighbours = {at + step for at in expired for step in (-1, 1) if 0 <= at + step < len(snapshots)} - expired
    lists = {snapshots[at].manifest_list for at in expired}
    used = {path for at in neighbours for path in _manifests(table, snapshots[at])}
    return lists | {path for at in expired for path in _manifests(table, snapshots[at])} - used


def _manifests(table: IcebergTable, snapshot: Snapshot) -> set[str]:
    return {str(manifest.manifest_path) for manifest in snapshot.manifests(table.io)}


def _time(snapshot: Snapshot) -> datetime:
    return committed_at(snapshot).replace(tzinfo=UTC)


def remove_orphans(tables: Iterable[IcebergTable], older_than: timedelta = ORPHAN_AGE) -> int:
    """Remove files that no snapshot of these tables refers to, which killed writers leave; return how many.

    `older_than` must exceed the duration of the longest ingest: no snapshot refers to its files before its commit.
    Raises StoreError, before it removes any file of a table, if there is metadata that the catalog does not know.
    """
    before = datetime.now(UTC) - older_than
    return sum(_remove_orphans(table, before) for table in tables)


def _remove_orphans(table: IcebergTable, before: datetime) -> int:
    check_history(table, before)
    used, provider = _used_files(table), table.location_provider()
    folders = (provider.data_path, provider.metadata_path)
    orphans = [path for folder in folders for path in _paths_in(table, folder, before) if path not in used]
    for path in orphans:
        table.io.delete(path)
    return len(orphans)


def _paths_in(table: IcebergTable, folder: str, before: datetime) -> list[str]:
    """Return the files below a folder that were last changed before a time, by the paths that the table uses."""
    _, _, start = PyArrowFileIO.parse_location(folder, table.io.properties)
    return [folder + info.path[len(start) :] for info in files_below(table.io, folder) if info.mtime < before]


def _used_files(table: IcebergTable) -> set[str]:
    used = {table.metadata_location, *(entry.metadata_file for entry in table.metadata.metadata_log)}
    for snapshot in table.metadata.snapshots:
        used.add(snapshot.manifest_list)
        used |= _manifests(table, snapshot)
    return used | {task.file.file_path for task in table.scan().plan_files()}
