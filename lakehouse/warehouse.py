"""The warehouse: reads and writes the three tables.

>>> import tempfile, pyarrow as pa
>>> with tempfile.TemporaryDirectory() as folder, open_warehouse(folder) as warehouse:
...     receipt = warehouse.ingest("tests", pa.table({"data_set_id": ["d"], "problem_id": ["p"], "test_id": ["t"]}))
>>> receipt.rows, receipt.repeated
(1, False)
"""

import math
import os
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import TracebackType

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table as IcebergTable
from sqlalchemy import Engine

from lakehouse.catalog import (
    data_folders,
    known_tables,
    open_catalog,
    open_table,
    reading_engine,
    retry_races,
)
from lakehouse.data_files import FileChecks
from lakehouse.folder import absolute_location, check_rows
from lakehouse.grants import Grant
from lakehouse.ledger import Ledger
from lakehouse.maintenance import ORPHAN_AGE, Retention, expire_snapshots, remove_orphans
from lakehouse.tables import DEFINITIONS, INGESTS, NAMESPACE
from lakehouse.write.committer import Batch, Committer
from lakehouse.write.digest import ContentDigest
from lakehouse.write.evolution import add_columns
from lakehouse.write.files import StagedFiles
from lakehouse.write.hashes import Hashes
from lakehouse.write.writer import Writer
from srcql.batch_id import OF_CONTENT, BatchId, check_batch_id
from srcql.errors import InvalidData, StoreError, UnknownName, suggestion
from srcql.os_errors import os_error
from srcql.receipt import Receipt
from srcql.schema import OBSERVATIONS, TABLES


def open_warehouse(
    location: str | os.PathLike[str] | None,
    *,
    create: bool = True,
    catalog: Mapping[str, str] | None = None,
    retention: Retention | None = None,
    durable: bool = True,
) -> "Warehouse":
    """Open the warehouse in a folder, or in the PyIceberg catalog that the properties select.

    With both, the tables are in that catalog and their files below `location`. A warehouse that does not exist is
    created, unless `create` is false: then MissingWarehouse is raised. Unless `durable`, a power cut can take back the
    last batches and damage a warehouse in a folder. Raises StoreError if a newer version wrote the warehouse, if the
    folder was copied or moved (`relocate`), or if its catalog is lost or damaged (`restore`).
    """
    folder = absolute_location(location) if location is not None else None
    try:
        return _open(folder, create, catalog, retention or Retention(), durable)
    except OSError as error:
        raise os_error(StoreError, f"the warehouse {folder} cannot be opened", error) from error


def _open(
    folder: str | None, create: bool, catalog: Mapping[str, str] | None, retention: Retention, durable: bool
) -> "Warehouse":
    opened = open_catalog(folder, catalog, create, durable)
    try:
        known = retry_races(lambda: known_tables(opened), "the catalog cannot be read")
        if folder is not None and isinstance(opened, SqlCatalog):
            check_rows(folder, known, own_catalog=catalog is None)
        tables = {name: open_table(opened, table, folder, create) for name, table in DEFINITIONS.items()}
    except BaseException:
        opened.close()
        raise
    place = folder or opened.properties.get("warehouse", "")
    return Warehouse(place, opened, tables, retention, created=not known)


class Warehouse:
    """The three tables, their catalog, and the thread that commits; safe to share between threads."""

    def __init__(
        self,
        location: str,
        catalog: Catalog,
        tables: Mapping[str, IcebergTable],
        retention: Retention,
        created: bool,
    ) -> None:
        self.location = location
        self.created = created
        self.catalog = catalog
        self._reading = reading_engine(catalog)
        self.tables = {name: tables[name].name() for name in TABLES}
        self.data_locations = data_folders(tables[name] for name in TABLES)
        self._lock = threading.Lock()
        self._loaded = {name: (table.metadata_location, table) for name, table in tables.items()}
        self.file_checks = FileChecks()
        self._hashes = Hashes(self._load, self.file_checks)
        self._ledger = Ledger(self._load)
        self._retention = retention
        self._committer = Committer(self._load, self._ledger, self._maintain)
        self._orphans_removed_at = -math.inf

    def __enter__(self) -> "Warehouse":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Commit waiting batches, then release the catalog; later ingests raise StoreError."""
        self._committer.close()
        self.catalog.close()
        if self._reading:
            self._reading.dispose()

    def table(self, name: str) -> IcebergTable:
        """Return the current state of one of the three Iceberg tables; UnknownName for another name."""
        if name not in TABLES:
            raise UnknownName(f"unknown table {name}", hint=suggestion(name, TABLES, "tables"))
        return self._load(name)

    def metadata_locations(self) -> dict[str, str]:
        """Return the path of the current metadata of each of the three tables; every commit changes it.

        Raises Unavailable if another process holds a lock on the catalog for some seconds.
        """
        locations = self._locations(self._reading)
        return {name: locations[name] for name in TABLES}

    def ingest(
        self,
        table: str,
        data: pa.Table | pa.RecordBatchReader,
        batch_id: BatchId = OF_CONTENT,
        evolve: bool = False,
        grant: Grant = None,
    ) -> Receipt:
        """Add rows to a table: all of them, or none. After the call the rows are in the catalog.

        A batch_id that the table already holds adds no rows and returns the receipt of its first ingest. Without one it
        is a digest of the rows; None stands for a new id. `evolve` adds the columns that the table does not have.
        Raises InvalidData naming column, row and value; UnknownName for an unknown table; Forbidden for a row of a data
        set that is not granted; StoreError if the catalog or the storage fails.
        """
        current = self.table(table)
        check_batch_id(batch_id)
        if not isinstance(data, pa.Table | pa.RecordBatchReader):
            raise InvalidData(
                f"expected a pyarrow.Table or pyarrow.RecordBatchReader, found {type(data).__name__}",
                hint="convert it, for example with pyarrow.Table.from_pandas, or use srcql_client.connect(folder)",
            )
        if isinstance(batch_id, str) and (entry := self._ledger.find(current, batch_id)):
            return Receipt(table, entry.rows, entry.snapshot_id, batch_id, True)
        writer = Writer(
            TABLES[table],
            current,
            lambda fields: add_columns(lambda: self._load(table), fields),
            self._hashes.fill,
            grant,
        )
        if batch_id is not OF_CONTENT:
            return self._commit(table, batch_id or uuid.uuid4().hex, writer.stage(data, evolve))
        digest = ContentDigest(table)
        staged = writer.stage(data, evolve, digest)
        return self._commit(table, digest.batch_id(), staged)

    def _commit(self, table: str, batch_id: str, staged: StagedFiles) -> Receipt:
        return self._committer.commit(Batch(table, batch_id, staged))

    def expired_snapshots(self, table: str) -> dict[int, datetime]:
        """Return the ids and commit times (UTC) of the expired snapshots of a table that are still known."""
        return self._ledger.expired_snapshots(table)

    def remove_orphans(self, older_than: timedelta = ORPHAN_AGE) -> int:
        """Remove files of all tables that no snapshot refers to; see `lakehouse.maintenance.remove_orphans`."""
        return remove_orphans([self._load(name) for name in DEFINITIONS], older_than)

    def _maintain(self, table: IcebergTable) -> None:
        """Expire snapshots after a commit to a table; after an expiry also remove orphans, once a day."""
        observed = None if table.name()[-1] == OBSERVATIONS.name else self._load(OBSERVATIONS.name)
        if not expire_snapshots(table, self._ledger, self._retention, observed):
            return
        expire_snapshots(self._load(INGESTS.name), self._ledger, self._retention)
        if time.monotonic() - self._orphans_removed_at > ORPHAN_AGE.total_seconds():
            self._orphans_removed_at = time.monotonic()
            self.remove_orphans()

    def _load(self, name: str) -> IcebergTable:
        return retry_races(lambda: self._current(name), f"the table {name} cannot be read")

    def _current(self, name: str) -> IcebergTable:
        """Return the current state of a table as a new object; its metadata is read again only if it changed."""
        known, table = self._loaded[name]
        if not isinstance(self.catalog, SqlCatalog) or self._locations()[name] != known:
            table = self.catalog.load_table((NAMESPACE, name))
            self._loaded[name] = (table.metadata_location, table)
        return IcebergTable(
            table.name(), table.metadata, table.metadata_location, table.io, table.catalog, table.config
        )

    def _locations(self, engine: Engine | None = None) -> dict[str, str]:
        locations = known_tables(self.catalog, engine)
        if missing := DEFINITIONS.keys() - locations:
            raise StoreError(f"the catalog has no table {NAMESPACE}.{min(missing)}")
        return locations
