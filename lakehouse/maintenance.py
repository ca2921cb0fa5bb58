"""What keeps a warehouse small: old snapshots expire, and files that no snapshot knows are removed.

Data files are never removed by expiry, for tables only grow: every row of an expired snapshot is in the later ones.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pyarrow.fs import FileSelector
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.update.snapshot import ExpireSnapshots

from lakehouse.catalog import OneChange
from lakehouse.ledger import Ledger

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Retention:
    """Which snapshots stay: all recent ones, then one (the last) an hour, then one a day.

    `batch_ids` is how long the ids of batches are known at least, whatever became of their snapshots.
    """

    all_of: timedelta = timedelta(minutes=15)
    most: int = 100
    hourly: timedelta = timedelta(days=2)
    daily: timedelta = timedelta(days=90)
    batch_ids: timedelta = timedelta(days=30)
    expire_at: int = 50

    def expired(self, times: Sequence[datetime], now: datetime, asked: Iterable[datetime] = ()) -> list[int]:
        """The positions of the snapshots that go; `times` are in order, and the last one always stays.

        What was current at one of the `asked` times stays too: the tables are read as of commits of observations.

        >>> noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
        >>> minutes = [noon - timedelta(minutes=ago) for ago in (95, 65, 62, 16, 10, 0)]
        >>> Retention().expired(minutes, noon)
        [0, 1, 3]
        >>> Retention().expired(minutes, noon, asked=[minutes[1]])
        [0, 3]
        """
        kept = {len(times) - 1}
        kept.update(at for at, time in enumerate(times) if now - time <= self.all_of and at >= len(times) - self.most)
        for reach, period in ((self.hourly, timedelta(hours=1)), (self.daily, timedelta(days=1))):
            last = {(time - EPOCH) // period: at for at, time in enumerate(times) if now - time <= reach}
            kept.update(last.values())
        for then in asked:
            kept.update([at for at, time in enumerate(times) if time <= then][-1:])
        return [at for at in range(len(times)) if at not in kept]


def tidy(table: IcebergTable, ledger: Ledger, retention: Retention, observed: IcebergTable | None = None) -> int:
    """Expire the snapshots of a table that need not stay, once they are worth a commit; how many went.

    What was current at a kept snapshot of `observed` stays.
    """
    now = datetime.now(UTC)
    asked = [_time(snapshot) for snapshot in observed.metadata.snapshots] if observed else []
    snapshots = sorted(table.metadata.snapshots, key=lambda snapshot: snapshot.sequence_number or 0)
    protected = {reference.snapshot_id for reference in table.metadata.refs.values()}
    positions = [
        at
        for at in retention.expired([_time(snapshot) for snapshot in snapshots], now, asked)
        if snapshots[at].snapshot_id not in protected
    ]
    if len(positions) < retention.expire_at:
        return 0
    ledger.keep(table.name()[-1], [snapshots[at] for at in positions], (now - retention.batch_ids).replace(tzinfo=None))
    unused = _unused(table, snapshots, set(positions))
    expiry = ExpireSnapshots(OneChange(table, autocommit=True))
    expiry.by_ids([snapshots[at].snapshot_id for at in positions]).commit()
    for path in unused:
        with suppress(OSError):
            table.io.delete(path)
    return len(positions)


def _unused(table: IcebergTable, snapshots: Sequence[Snapshot], gone: set[int]) -> set[str]:
    """Manifest lists and manifests that only the expired snapshots need.

    A manifest belongs to consecutive snapshots, so that of those that stay only the neighbours have to be read.
    """
    near = {at + step for at in gone for step in (-1, 1) if 0 <= at + step < len(snapshots)} - gone
    lists = {snapshots[at].manifest_list for at in gone}
    needed = {path for at in near for path in _manifests(table, snapshots[at])}
    return lists | {path for at in gone for path in _manifests(table, snapshots[at])} - needed


def _manifests(table: IcebergTable, snapshot: Snapshot) -> set[str]:
    return {str(manifest.manifest_path) for manifest in snapshot.manifests(table.io)}


def _time(snapshot: Snapshot) -> datetime:
    return EPOCH + timedelta(milliseconds=snapshot.timestamp_ms)


def remove_orphans(tables: Iterable[IcebergTable], older_than: timedelta = timedelta(days=1)) -> int:
    """Remove files that no snapshot of these tables knows: what killed writers left. How many went.

    `older_than` must be longer than the longest ingest, whose files nobody knows until they are committed.
    """
    removed = 0
    for table in tables:
        known = _known_files(table)
        provider = table.location_provider()
        for folder in (provider.data_path, provider.metadata_path):
            for path in _files_in(table, folder, datetime.now(UTC) - older_than):
                if path not in known:
                    table.io.delete(path)
                    removed += 1
    return removed


def _known_files(table: IcebergTable) -> set[str]:
    known = {table.metadata_location, *(entry.metadata_file for entry in table.metadata.metadata_log)}
    for snapshot in table.metadata.snapshots:
        known.add(snapshot.manifest_list)
        known |= _manifests(table, snapshot)
    return known | {task.file.file_path for task in table.scan().plan_files()}


def _files_in(table: IcebergTable, folder: str, before: datetime) -> list[str]:
    """The files below a folder that were last changed before a time, named as the table names them."""
    if not isinstance(table.io, PyArrowFileIO):
        return []
    scheme, netloc, path = PyArrowFileIO.parse_location(folder, table.io.properties)
    found: Any = table.io.fs_by_scheme(scheme, netloc).get_file_info(
        FileSelector(path, recursive=True, allow_not_found=True)
    )
    return [folder + info.path[len(path) :] for info in found if info.is_file and info.mtime < before]
