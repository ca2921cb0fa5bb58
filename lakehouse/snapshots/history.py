"""The snapshots of a table that are kept: what AT goes back to.

VERSION names a snapshot of observations, TIMESTAMP the last of them at or before a time. One that has expired is never
answered by a neighbour of it: the error names the nearest that is kept.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Snapshot

from lakehouse.ledger import batches_of
from srcql.clauses.at import At
from srcql.errors import UnknownName
from srcql.schema import OBSERVATIONS

EPOCH = datetime(1970, 1, 1)
Expired = Callable[[], Mapping[int, datetime]]


@dataclass(frozen=True)
class Commit:
    """One snapshot of a table: when it was committed (UTC, naive), by which batches, and where its manifests are."""

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


History = tuple[Commit, ...]


def history_of(table: IcebergTable) -> History:
    """The kept snapshots of a table, in the order of their commits."""
    return tuple(sorted(map(_commit, table.metadata.snapshots), key=lambda commit: commit.sequence))


def _commit(snapshot: Snapshot) -> Commit:
    said = snapshot.summary.additional_properties if snapshot.summary else {}
    return Commit(
        snapshot.snapshot_id,
        snapshot.sequence_number or 0,
        EPOCH + timedelta(milliseconds=snapshot.timestamp_ms),
        snapshot.summary.operation.value if snapshot.summary else "",
        int(said.get("added-records", 0)),
        int(said.get("total-records", 0)),
        tuple(sorted(batches_of(snapshot))),
        snapshot.manifest_list,
    )


def last_by(history: Iterable[Commit], time: datetime) -> Commit | None:
    """The last of the kept snapshots that were committed at or before a time."""
    return next((commit for commit in reversed(tuple(history)) if commit.committed_at <= time), None)


def find(histories: Mapping[str, History], at: At, expired: Expired) -> Commit:
    """The snapshot of observations that AT names; UnknownName, with its place, when it is not kept.

    `expired` tells the ids of expired snapshots of observations and their times, as far as they are remembered.
    """
    observed = histories[OBSERVATIONS.name]
    if not observed:
        raise UnknownName("there are no snapshots of observations yet", span=at.span)
    if at.version is not None:
        return _of_version(histories, at.version, at, expired)
    assert at.timestamp
    return _of_time(observed, at.timestamp, at, expired)


def _of_version(histories: Mapping[str, History], version: int, at: At, expired: Expired) -> Commit:
    observed = histories[OBSERVATIONS.name]
    for commit in observed:
        if commit.snapshot_id == version:
            return commit
    for name, history in histories.items():
        for commit in history:
            if commit.snapshot_id == version:
                message = f"{version} is a snapshot of {name}, and AT takes those of observations"
                raise _not_kept(message, at, _nearest(observed, commit.committed_at))
    time = expired().get(version)
    if time:
        raise _not_kept(f"snapshot {version} is no longer kept", at, _nearest(observed, time))
    near = min(observed, key=lambda commit: abs(commit.snapshot_id - version))
    raise _not_kept(f"observations have no snapshot {version}", at, near)


def _of_time(observed: History, time: datetime, at: At, expired: Expired) -> Commit:
    found = last_by(observed, time)
    if found is None:
        raise UnknownName(f"nothing is kept of {time}", span=at.span, hint=f"the first that is kept: {observed[0]}")
    following = next((commit for commit in observed if commit.sequence > found.sequence), None)
    if following and _lost_between(found, following, time, expired):
        raise _not_kept(f"the snapshot of {time} is no longer kept", at, _nearest((found, following), time))
    return found


def _lost_between(found: Commit, following: Commit, time: datetime, expired: Expired) -> bool:
    """Whether the snapshot of that time may be one that expired between two that are kept."""
    lost = following.sequence - found.sequence - 1
    if not lost:
        return False
    between = expired().items() - {(commit.snapshot_id, commit.committed_at) for commit in (found, following)}
    known = [then for _, then in between if found.committed_at <= then <= following.committed_at]
    return len(known) != lost or min(known) <= time


def _nearest(commits: Iterable[Commit], time: datetime) -> Commit:
    return min(commits, key=lambda commit: abs(commit.committed_at - time))


def _not_kept(message: str, at: At, near: Commit) -> UnknownName:
    return UnknownName(message, span=at.span, hint=f"the nearest that is kept: {near}")
