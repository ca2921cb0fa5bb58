"""One thread per warehouse that commits: all batches of a table that wait become one snapshot.

Nothing is acknowledged before its snapshot is in the catalog. Other processes may commit to the same table at any time:
a commit then fails, the ids that they added are looked at, and what is still new is committed again.
"""

import json
import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table as IcebergTable

from lakehouse.catalog import OneChange
from lakehouse.ledger import BATCHES, Entry, Ledger
from lakehouse.write.writer import Staged
from srcql.errors import SrcqlError, StoreError, Unavailable
from srcql.receipt import NO_SNAPSHOT, Receipt

_ATTEMPTS = 200
_LONGEST_PAUSE = 0.5
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """A batch whose files are staged, and the caller that waits for it."""

    table: str
    batch_id: str
    staged: Staged
    receipt: "Future[Receipt]" = field(default_factory=Future)


class Committer:
    """Commits what is handed to it. `load` gives the current state of a table, `tidy` is called after each commit."""

    def __init__(
        self, load: Callable[[str], IcebergTable], ledger: Ledger, tidy: Callable[[IcebergTable], object]
    ) -> None:
        self._load = load
        self._ledger = ledger
        self._tidy = tidy
        self._waiting: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="srcql-committer", daemon=True)

    def commit(self, batch: Batch) -> Receipt:
        """Wait until the batch is committed. Raises StoreError or Unavailable when it cannot be."""
        with self._lock:
            if self._closed:
                batch.staged.remove()
                raise StoreError("the warehouse is closed")
            if not self._thread.is_alive():
                self._thread.start()
            self._waiting.put(batch)
        return batch.receipt.result()

    def close(self) -> None:
        """Commit what waits, then end the thread."""
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
            table, receipts = self._settle(name, group)
        except Exception as error:
            for batch in group:
                batch.receipt.set_exception(_failure(error))
            return
        acknowledge(group, receipts)
        try:
            self._tidy(table)
        except Exception as error:
            _log.warning("maintenance of %s failed and is tried again after the next commit: %s", name, error)

    def _settle(self, name: str, group: Sequence[Batch]) -> tuple[IcebergTable, list[Receipt]]:
        """Commit what the table does not hold yet; the table, and a receipt for every batch."""
        for attempt in range(_ATTEMPTS):
            table = self._load(name)
            known = {batch.batch_id: self._ledger.find(table, batch.batch_id) for batch in group}
            new = {batch.batch_id: batch for batch in reversed(group) if not known[batch.batch_id]}
            files = [file for batch in new.values() for file in batch.staged.files]
            try:
                snapshot_id = append(table, files, {key: batch.staged.rows for key, batch in new.items()})
            except CommitFailedException:
                time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.01 * 2**attempt)))
                continue
            return table, [_receipt(batch, known[batch.batch_id], new, snapshot_id) for batch in group]
        for batch in group:
            batch.staged.remove()
        raise Unavailable(f"{name}: other writers were faster {_ATTEMPTS} times", hint="send the batch again")


def append(table: IcebergTable, files: Sequence[DataFile], batches: dict[str, int]) -> int:
    """Add the files to the table in one snapshot whose summary names the batches; its id.

    Without files there is no new snapshot. Raises CommitFailedException when another writer was faster.
    """
    if not files:
        current = table.current_snapshot()
        return current.snapshot_id if current else NO_SNAPSHOT
    with OneChange(table) as transaction:
        summary = {BATCHES: json.dumps(batches)}
        with transaction.update_snapshot(snapshot_properties=summary).merge_append() as producer:
            for file in files:
                producer.append_data_file(file)
    return producer.snapshot_id


def _receipt(batch: Batch, known: Entry | None, new: dict[str, Batch], snapshot_id: int) -> Receipt:
    if known:
        return Receipt(batch.table, known.rows, known.snapshot_id, batch.batch_id, True)
    first = new[batch.batch_id]
    return Receipt(batch.table, first.staged.rows, snapshot_id, batch.batch_id, first is not batch)


def acknowledge(group: Sequence[Batch], receipts: Sequence[Receipt]) -> None:
    """Tell the callers; the files of a repeat are not needed."""
    for batch, receipt in zip(group, receipts, strict=True):
        if receipt.repeated:
            batch.staged.remove()
        batch.receipt.set_result(receipt)


def _failure(error: Exception) -> SrcqlError:
    if isinstance(error, SrcqlError):
        return type(error)(error.message, hint=error.hint)
    reason = (str(error) or type(error).__name__).splitlines()[0]
    return StoreError(
        f"the batch may not have been committed: {reason}",
        hint="send it again with the same batch_id: it is added once at most",
    )
