"""The kept snapshots of a table, and the one that AT selects.

VERSION selects a snapshot of observations by its id, TIMESTAMP the last one at or before a time. An expired snapshot is
an error that names the nearest kept one; its rows are never replaced by those of another snapshot.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Snapshot

from lakehouse.ledger import batches_of, committed_at
from srcql.clauses.at import At
from srcql.errors import UnknownName
from srcql.schema import OBSERVATIONS

ReadExpired = Callable[[], Mapping[int, datetime]]


@dataclass(frozen=True)
class TableSnapshot:
    """One snapshot of a table: its commit time (UTC, naive), its batches, and the path of its manifest list."""

    snapshot_id: int
    sequence: int
    committed_at: datetime
    operation: str
    added_rows: int
    total_rows: int
    batch_ids: tuple[str, ...]
    manifest_list: str

    def __str__(self) -> str:
        return f"AT (VERSION => {self.snapshot_id}), committed {self.committed_at}"


History = tuple[TableSnapshot, ...]


def history_of(table: IcebergTable) -> History:
    """Return the kept snapshots of a table in the order of their commits."""
    return tuple(sorted(map(_table_snapshot, table.metadata.snapshots), key=lambda snapshot: snapshot.sequence))


def _table_snapshot(snapshot: Snapshot) -> TableSnapshot:
    summary = snapshot.summary.additional_properties if snapshot.summary else {}
    return TableSnapshot(
        snapshot.snapshot_id,
        snapshot.sequence_number or 0,
        committed_at(snapshot),
        snapshot.summary.operation.value if snapshot.summary else "",
        int(summary.get("added-records", 0)),
        int(summary.get("total-records", 0)),
        tuple(sorted(batches_of(snapshot))),
        snapshot.manifest_list,
    )


def latest_at(history: Iterable[TableSnapshot], time: datetime) -> TableSnapshot | None:
    """Return the last kept snapshot that was committed at or before a time."""
    return next((snapshot for snapshot in reversed(tuple(history)) if snapshot.committed_at <= time), None)


def find_snapshot(histories: Mapping[str, History], at: At, read_expired: ReadExpired) -> TableSnapshot:
    """Return the snapshot of observations that AT selects.

    `read_expired` returns the ids and commit times of the expired snapshots of observations that are still known.
    Raises UnknownName, with the position of AT, for an unknown or expired snapshot.
    """
    observed = histories[OBSERVATIONS.name]
    if not observed:
        raise UnknownName("observations has no snapshots yet", span=at.span, hint="ingest observations first")
    if at.version is not None:
        return _find_version(histories, at.version, at, read_expired)
    assert at.timestamp
    return _find_time(observed, at.timestamp, at, read_expired)


def _find_version(histories: Mapping[str, History], version: int, at: At, read_expired: ReadExpired) -> TableSnapshot:
    observed = histories[OBSERVATIONS.name]
    for snapshot in observed:
        if snapshot.snapshot_id == version:
            return snapshot
    for name, history in histories.items():
        for snapshot in history:
            if snapshot.snapshot_id == version:
                message = f"expected a snapshot of observations, found snapshot {version} of {name}"
                raise _unknown(message, at, _nearest(observed, snapshot.committed_at))
    time = read_expired().get(version)
    if time:
        raise _unknown(f"snapshot {version} has expired", at, _nearest(observed, time))
    nearest = min(observed, key=lambda snapshot: abs(snapshot.snapshot_id - version))
    raise _unknown(f"unknown snapshot {version} of observations", at, nearest)


def _find_time(observed: History, time: datetime, at: At, read_expired: ReadExpired) -> TableSnapshot:
    latest = latest_at(observed, time)
    if latest is None:
        hint = f"use the first kept snapshot: {observed[0]}"
        raise UnknownName(f"no snapshot is kept at or before {time}", span=at.span, hint=hint)
    following = next((snapshot for snapshot in observed if snapshot.sequence > latest.sequence), None)
    if following and _may_have_expired(latest, following, time, read_expired):
        raise _unknown(f"the snapshot at {time} has expired", at, _nearest((latest, following), time))
    return latest


def _may_have_expired(
    latest: TableSnapshot, following: TableSnapshot, time: datetime, read_expired: ReadExpired
) -> bool:
    """Return whether the snapshot at a time may be one that expired between two kept neighbours."""
    missing = following.sequence - latest.sequence - 1
    if not missing:
        return False
    expired = read_expired().items() - {(kept.snapshot_id, kept.committed_at) for kept in (latest, following)}
    known = [then for _, then in expired if latest.committed_at <= then <= following.committed_at]
    return len(known) != missing or min(known) <= time


def _nearest(snapshots: Iterable[TableSnapshot], time: datetime) -> TableSnapshot:
    return min(snapshots, key=lambda snapshot: abs(snapshot.committed_at - time))


def _unknown(message: str, at: At, nearest: TableSnapshot) -> UnknownName:
    return UnknownName(message, span=at.span, hint=f"use the nearest kept snapshot: {nearest}")
