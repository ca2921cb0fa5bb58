"""Commits batches, in one thread per warehouse: all waiting batches of a table become one snapshot.

A batch is acknowledged after its snapshot is in the catalog. Other processes may commit to the same table at any time:
the commit then fails, the thread reads the batch ids that they added, and commits again what is still new.
"""

import json
import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table as IcebergTable

from lakehouse.catalog import SingleUpdate
from lakehouse.ledger import BATCHES, Entry, Ledger
from lakehouse.metadata_files import current_files
from lakehouse.storage_errors import is_unwritten, storage_error
from lakehouse.write.files import SEND_AGAIN, StagedFiles
from srcql.errors import SrcqlError, StoreError, Unavailable
from srcql.receipt import NO_SNAPSHOT, Receipt

_ATTEMPTS = 200
_MAX_PAUSE = 0.5
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """A batch with its staged files and the future that its caller waits for."""

    table: str
    batch_id: str
    staged: StagedFiles
    receipt: "Future[Receipt]" = field(default_factory=Future)


class Committer:
    """Commits batches. `load` returns the current state of a table; `maintain` is called after each commit."""

    def __init__(
        self, load: Callable[[str], IcebergTable], ledger: Ledger, maintain: Callable[[IcebergTable], object]
    ) -> None:
        self._load = load
        self._ledger = ledger
        self._maintain = maintain
        self._waiting: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="srcql-committer", daemon=True)

    def commit(self, batch: Batch) -> Receipt:
        """Commit a batch and return its receipt; StoreError or Unavailable if that fails."""
        with self._lock:
            if self._closed:
                batch.staged.remove()
                raise StoreError("the warehouse is closed")
            if not self._thread.is_alive():
                self._thread.start()
            self._waiting.put(batch)
        return batch.receipt.result()

    def close(self) -> None:
        """Commit the waiting batches, then end the thread."""
        with self._lock:
            self._closed = True
            self._waiting.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while (batch := self._waiting.get()) is not None:
            group = [batch]
            while not self._waiting.empty():
                following = self._waiting.get()
                if following is None:
                    self._waiting.put(None)
                    break
                group.append(following)
            for name in dict.fromkeys(batch.table for batch in group):
                self._commit_group(name, [batch for batch in group if batch.table == name])

    def _commit_group(self, name: str, group: Sequence[Batch]) -> None:
        try:
            table, receipts = self._commit_new(name, group)
        except Exception as error:
            for batch in group:
                if is_unwritten(error):
                    batch.staged.remove()
                batch.receipt.set_exception(_commit_error(self._damage(name) or error, name))
            return
        acknowledge(group, receipts)
        try:
            self._maintain(table)
        except Exception as error:
            _log.warning("maintenance of %s failed; it runs again after the next commit: %s", name, error)

    def _damage(self, name: str) -> StoreError | None:
        """Return the error for a damaged manifest of a table, because of which a commit fails."""
        try:
            current_files(lambda: self._load(name))
        except StoreError as error:
            return error
        except Exception:
            return None
        return None

    def _commit_new(self, name: str, group: Sequence[Batch]) -> tuple[IcebergTable, list[Receipt]]:
        """Commit the batches that the table does not hold; return the table and a receipt for every batch."""
        for attempt in range(_ATTEMPTS):
            table = self._load(name)
            known = {batch.batch_id: self._ledger.find(table, batch.batch_id) for batch in group}
            new = {batch.batch_id: batch for batch in reversed(group) if not known[batch.batch_id]}
            files = [file for batch in new.values() for file in batch.staged.files]
            try:
                snapshot_id = append(table, files, {key: batch.staged.rows for key, batch in new.items()})
            except CommitFailedException:
                time.sleep(random.uniform(0, min(_MAX_PAUSE, 0.01 * 2**attempt)))
                continue
            return table, [_receipt(batch, known[batch.batch_id], new, snapshot_id) for batch in group]
        for batch in group:
            batch.staged.remove()
        raise Unavailable(f"{name}: {_ATTEMPTS} commits lost to other writers", hint="send the batch again")


def append(table: IcebergTable, files: Sequence[DataFile], batches: dict[str, int]) -> int:
    """Add files to the table in one snapshot whose summary holds the batch ids; return the id of the snapshot.

    Without files, return the id of the current snapshot. Raises CommitFailedException if another writer was faster.
    """
    if not files:
        current = table.current_snapshot()
        return current.snapshot_id if current else NO_SNAPSHOT
    with SingleUpdate(table) as transaction:
        summary = {BATCHES: json.dumps(batches)}
        with transaction.update_snapshot(snapshot_properties=summary).merge_append() as producer:
            for file in files:
                producer.append_data_file(file)
    with suppress(OSError):
        _remove_merged(table, producer._written_manifests)
    return producer.snapshot_id


def _remove_merged(table: IcebergTable, written: Sequence[str]) -> None:
    """Delete the manifests that PyIceberg wrote for the current snapshot and merged at once into another one."""
    current = table.current_snapshot()
    if len(written) > 1 and current:
        used = {manifest.manifest_path for manifest in current.manifests(table.io)}
        for path in written:
            if path not in used:
                table.io.delete(path)


def _receipt(batch: Batch, known: Entry | None, new: dict[str, Batch], snapshot_id: int) -> Receipt:
    if known:
        return Receipt(batch.table, known.rows, known.snapshot_id, batch.batch_id, True)
    first = new[batch.batch_id]
    return Receipt(batch.table, first.staged.rows, snapshot_id, batch.batch_id, first is not batch)


def acknowledge(group: Sequence[Batch], receipts: Sequence[Receipt]) -> None:
    """Give the callers their receipts; remove the files of repeated batches."""
    for batch, receipt in zip(group, receipts, strict=True):
        if receipt.repeated:
            batch.staged.remove()
        batch.receipt.set_result(receipt)


def _commit_error(error: Exception, name: str) -> SrcqlError:
    if isinstance(error, SrcqlError):
        return type(error)(error.message, hint=error.hint)
    if is_unwritten(error):
        return storage_error(error, f"the batch cannot be committed to {name}", SEND_AGAIN)
    repeat = "send the batch again with the same batch_id: it is added at most once"
    return storage_error(error, "the batch may not have been committed", repeat)
