"""A catalog in an SQL database whose commits have increasing times and, in SQLite, are on disk when they return.

The clock of a machine can be set back, and those of two machines differ. A snapshot that is older than its parent would
break AT (TIMESTAMP => …), and Iceberg's Java library rejects the table.
"""

import threading
from contextlib import suppress

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import CommitTableResponse, StagedTable
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.update import AddSnapshotUpdate, TableRequirement, TableUpdate
from pyiceberg.typedef import Identifier
from sqlalchemy import event


class OrderedSqlCatalog(SqlCatalog):
    """PyIceberg's SQL catalog; every commit is later than all that this catalog has read or made."""

    _latest = 0  # milliseconds since 1970

    def __init__(self, name: str, **properties: str) -> None:
        super().__init__(name, **properties)
        self._staged = threading.local()

    def sync(self, durable: bool) -> None:
        """Set how SQLite writes to disk; EXTRA also syncs the removal of the journal, which ends a commit."""
        if self.engine.dialect.name == "sqlite":
            level = "EXTRA" if durable else "OFF"
            event.listen(self.engine, "connect", lambda raw, _: raw.execute(f"PRAGMA synchronous = {level}"))
            self.engine.dispose()

    def load_table(self, identifier: str | Identifier) -> IcebergTable:
        """Return the current state of a table."""
        table = super().load_table(identifier)
        self._latest = max(self._latest, table.metadata.last_updated_ms)
        return table

    def commit_table(
        self, table: IcebergTable, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        """Commit updates to a table; a commit that loses against another one leaves no metadata file behind."""
        self._staged.table = None
        try:
            return super().commit_table(table, requirements, updates)
        except CommitFailedException:
            if staged := self._staged.table:
                with suppress(OSError):
                    staged.io.delete(staged.metadata_location)
            raise

    def _update_and_stage_table(
        self,
        current_table: IcebergTable | None,
        table_identifier: Identifier,
        requirements: tuple[TableRequirement, ...],
        updates: tuple[TableUpdate, ...],
    ) -> StagedTable:
        """Return the table after the updates, which are made later than the latest commit if the clock is behind."""
        earliest = self._latest + 1
        later = tuple(_not_before(update, earliest) for update in updates)
        staged = super()._update_and_stage_table(current_table, table_identifier, requirements, later)
        changed = not current_table or staged.metadata.last_updated_ms != current_table.metadata.last_updated_ms
        if changed and staged.metadata.last_updated_ms < earliest:
            staged.metadata = staged.metadata.model_copy(update={"last_updated_ms": earliest})
        self._latest = max(self._latest, staged.metadata.last_updated_ms)
        self._staged.table = staged
        return staged


def _not_before(update: TableUpdate, earliest: int) -> TableUpdate:
    if not isinstance(update, AddSnapshotUpdate) or update.snapshot.timestamp_ms >= earliest:
        return update
    snapshot = update.snapshot.model_copy(update={"timestamp_ms": earliest})
    return update.model_copy(update={"snapshot": snapshot})
