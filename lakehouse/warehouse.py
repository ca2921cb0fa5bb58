"""The warehouse: the one door to what is stored.

>>> import tempfile, pyarrow as pa
>>> with tempfile.TemporaryDirectory() as folder, open_warehouse(folder) as warehouse:
...     receipt = warehouse.ingest("tests", pa.table({"data_set_id": ["d"], "problem_id": ["p"], "test_id": ["t"]}))
>>> receipt.rows, receipt.repeated
(1, False)
"""

import os
import threading
import uuid
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any

from pyiceberg.catalog import Catalog
from pyiceberg.catalog.sql import IcebergTables, SqlCatalog
from pyiceberg.table import Table as IcebergTable
from sqlalchemy import select

from lakehouse import catalog as catalogs
from lakehouse import maintenance
from lakehouse.catalog import DEFINITIONS, INGESTS, NAMESPACE
from lakehouse.grants import Grant
from lakehouse.ledger import Ledger
from lakehouse.maintenance import Retention
from lakehouse.write.committer import Batch, Committer
from lakehouse.write.hashes import Hashes
from lakehouse.write.writer import Writer
from srcql.errors import InvalidData, StoreError, UnknownName, suggestion
from srcql.receipt import Receipt
from srcql.schema import OBSERVATIONS, TABLES

LONGEST_BATCH_ID = 1000


def open_warehouse(
    location: str | os.PathLike[str] | None,
    *,
    create: bool = True,
    catalog: Mapping[str, str] | None = None,
    retention: Retention | None = None,
) -> "Warehouse":
    """Open the warehouse in a folder, or the one that the properties of a PyIceberg catalog name.

    With both, the catalog is that of the properties and files lie below `location`. A warehouse that does not exist is
    created; with create=False that is a StoreError, as is one that a newer version wrote.
    """
    where = catalogs.absolute(location) if location is not None else None
    found = catalogs.open_catalog(where, catalog, create)
    try:
        tables = {name: catalogs.open_table(found, table, where, create) for name, table in DEFINITIONS.items()}
    except BaseException:
        found.close()
        raise
    return Warehouse(where or found.properties.get("warehouse", ""), found, tables, retention or Retention())


class Warehouse:
    """The three tables, their catalog, and the thread that commits. Safe to use from many threads."""

    def __init__(
        self, location: str, catalog: Catalog, tables: Mapping[str, IcebergTable], retention: Retention
    ) -> None:
        self.location = location
        self.catalog = catalog
        self.tables = {name: tables[name].name() for name in TABLES}
        self.data_locations = catalogs.data_folders(tables[name] for name in TABLES)
        self._lock = threading.Lock()
        self._loaded = {name: (table.metadata_location, table) for name, table in tables.items()}
        self._hashes = Hashes(self._load)
        self._ledger = Ledger(self._load)
        self._retention = retention
        self._committer = Committer(self._load, self._ledger, self._tidy)

    def __enter__(self) -> "Warehouse":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Commit what waits and release the catalog; the warehouse takes nothing after that."""
        self._committer.close()
        self.catalog.close()

    def table(self, name: str) -> IcebergTable:
        """The Iceberg table of that name as it is now; UnknownName when there is none."""
        if name not in TABLES:
            raise UnknownName(f"unknown table {name}", hint=suggestion(name, TABLES, "tables"))
        return self._load(name)

    def metadata_locations(self) -> dict[str, str]:
        """Where the current metadata of each of the three tables lies: it changes with every commit."""
        found = self._locations()
        return {name: found[name] for name in TABLES}

    def ingest(
        self,
        table: str,
        data: Any,
        batch_id: str | None = None,
        evolve: bool = False,
        data_sets: Grant = None,
    ) -> Receipt:
        """Add rows (pa.Table or pa.RecordBatchReader) to a table: all of them, or none.

        When it returns, the rows are in the catalog. A batch_id that the table already holds adds nothing and gives the
        receipt of the first time. With `evolve`, columns that the table does not have are added to it.
        Raises InvalidData naming column, row and value; UnknownName for a table that does not exist; Forbidden for a
        row of another data set than `data_sets`; StoreError when the catalog or the storage fails.
        """
        current = self.table(table)
        if batch_id is not None:
            _check_id(batch_id)
            if entry := self._ledger.find(current, batch_id):
                return Receipt(table, entry.rows, entry.snapshot_id, batch_id, True)
        writer = Writer(
            TABLES[table],
            current,
            lambda fields: catalogs.add_columns(lambda: self._load(table), fields),
            self._hashes.fill,
            data_sets,
        )
        staged = writer.stage(data, evolve)
        return self._committer.commit(Batch(table, batch_id or uuid.uuid4().hex, staged))

    def expired(self, table: str) -> dict[int, datetime]:
        """Snapshots of a table that are no longer kept, and when they were committed, UTC, while that is remembered."""
        return self._ledger.expired(table)

    def _tidy(self, table: IcebergTable) -> None:
        observed = None if table.name()[-1] == OBSERVATIONS.name else self._load(OBSERVATIONS.name)
        if maintenance.tidy(table, self._ledger, self._retention, observed):
            maintenance.tidy(self._load(INGESTS.name), self._ledger, self._retention)

    def _load(self, name: str) -> IcebergTable:
        return catalogs.persist(lambda: self._current(name), f"the table {name} cannot be read")

    def _current(self, name: str) -> IcebergTable:
        """The current state of a table, read anew only when its metadata moved; a table of its own for every caller."""
        known, table = self._loaded[name]
        if not isinstance(self.catalog, SqlCatalog) or self._locations()[name] != known:
            table = self.catalog.load_table((NAMESPACE, name))
            self._loaded[name] = (table.metadata_location, table)
        return IcebergTable(
            table.name(), table.metadata, table.metadata_location, table.io, table.catalog, table.config
        )

    def _locations(self) -> dict[str, str]:
        if not isinstance(self.catalog, SqlCatalog):
            return {name: self.catalog.load_table((NAMESPACE, name)).metadata_location for name in DEFINITIONS}
        query = select(IcebergTables.table_name, IcebergTables.metadata_location).where(
            IcebergTables.catalog_name == self.catalog.name, IcebergTables.table_namespace == NAMESPACE
        )
        with self.catalog.engine.connect() as connection:
            found = {name: str(location) for name, location in connection.execute(query)}
        if missing := DEFINITIONS.keys() - found:
            raise StoreError(f"the catalog has no table {NAMESPACE}.{min(missing)}")
        return found


def _check_id(batch_id: str) -> None:
    try:
        size = len(batch_id.encode())
    except UnicodeEncodeError:
        size = 0
    if not 0 < size <= LONGEST_BATCH_ID:
        raise InvalidData(
            f"batch_id: expected text of 1 to {LONGEST_BATCH_ID:,} bytes, found {batch_id[:20]!r}",
            hint="a UUID serves, or a name that the rows determine",
        )
