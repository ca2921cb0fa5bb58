"""The ledger: which batches a table holds, so that a batch that is sent twice is added once.

The summary of a snapshot holds the ids of the batches that it added. Before a snapshot expires, they are copied to the
table `ingests`. Snapshots never change, so the ledger caches what it has read.
"""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Snapshot

from lakehouse.data_files import FileChecks, Listed, damaged
from lakehouse.metadata_files import current_files
from lakehouse.tables import INGESTS

BATCHES = "srcql.batches"
EPOCH = datetime(1970, 1, 1)
MAX_FILES = 32


@dataclass(frozen=True)
class Entry:
    """One batch: how many rows it added, in which snapshot."""

    rows: int
    snapshot_id: int


class Ledger:
    """The batches of all tables; safe to share between threads. `load` returns the current state of a table."""

    def __init__(self, load: Callable[[str], IcebergTable]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, str], Entry] = {}
        self._expired: dict[str, dict[int, datetime]] = {}
        self._read: set[int | str] = set()

    def find(self, table: IcebergTable, batch_id: str) -> Entry | None:
        """Return the entry of a batch if this or an earlier state of the table holds it."""
        name = table.name()[-1]
        with self._lock:
            for snapshot in table.metadata.snapshots:
                self._read_snapshot(name, snapshot)
            self._read_ingests(self._load(INGESTS.name))
            return self._entries.get((name, batch_id))

    def expired_snapshots(self, name: str) -> dict[int, datetime]:
        """Return the ids and commit times of the expired snapshots of a table whose batches are still known."""
        with self._lock:
            self._read_ingests(self._load(INGESTS.name))
            return dict(self._expired.get(name, {}))

    def _read_snapshot(self, name: str, snapshot: Snapshot) -> None:
        if snapshot.snapshot_id not in self._read:
            self._read.add(snapshot.snapshot_id)
            for batch_id, rows in batches_of(snapshot).items():
                self._entries[name, batch_id] = Entry(rows, snapshot.snapshot_id)

    def _read_ingests(self, ingests: IcebergTable) -> None:
        if ingests.metadata_location in self._read:
            return
        for file in current_files(lambda: self._load(INGESTS.name)):
            if file.file_path not in self._read:
                rows = _read_file(ingests, file).to_pylist()
                self._read.add(file.file_path)
                self._entries |= {(row["table"], row["batch_id"]): Entry(row["rows"], row["snapshot"]) for row in rows}
                for row in rows:
                    self._expired.setdefault(row["table"], {})[row["snapshot"]] = row["time"]
        self._read.add(ingests.metadata_location)

    def save_batches(self, name: str, snapshots: Iterable[Snapshot], oldest: datetime) -> None:
        """Copy the batch ids of these snapshots of a table to `ingests`; rows older than `oldest` may be dropped."""
        rows = [
            {
                "batch_id": batch_id,
                "table": name,
                "rows": count,
                "snapshot": snapshot.snapshot_id,
                "time": committed_at(snapshot),
            }
            for snapshot in snapshots
            for batch_id, count in batches_of(snapshot).items()
        ]
        if rows:
            self._append(self._load(INGESTS.name), rows, oldest)

    def _append(self, ingests: IcebergTable, rows: list[dict[str, object]], oldest: datetime) -> None:
        """Append rows in one commit; if there are many small files, rewrite all rows into one file instead."""
        added = pa.Table.from_pylist(rows, schema=schema_to_pyarrow(ingests.schema()))
        files = current_files(lambda: self._load(INGESTS.name))
        with ingests.transaction() as transaction:
            if len(files) < MAX_FILES:
                transaction.append(added)
            else:
                parts = [_read_file(ingests, file).cast(added.schema) for file in files]
                known = pa.concat_tables([*parts, added])
                transaction.overwrite(known.filter(pc.field("time") >= oldest))


def batches_of(snapshot: Snapshot) -> dict[str, int]:
    """Return the ids of the batches that a snapshot added, each with its number of rows."""
    summary = snapshot.summary.additional_properties if snapshot.summary else {}
    return dict(json.loads(summary.get(BATCHES, "{}")))


def committed_at(snapshot: Snapshot) -> datetime:
    """Return the commit time of a snapshot, UTC, without time zone."""
    return EPOCH + timedelta(milliseconds=snapshot.timestamp_ms)


def _read_file(table: IcebergTable, file: DataFile) -> pa.Table:
    FileChecks().check([Listed(file.file_path, file.file_size_in_bytes, file.record_count)])
    try:
        with table.io.new_input(file.file_path).open() as stream:
            return pq.read_table(stream)
    except pa.ArrowException as error:
        raise damaged(file.file_path, "its pages cannot be read") from error
