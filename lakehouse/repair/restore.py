"""Restores the catalog of a folder from the metadata of its tables.

Each table gets the newest version whose current snapshot is complete: its manifest list, manifests and data files are
there with the right sizes. Newer metadata files are renamed, not removed, and so is a catalog that cannot be used.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pyiceberg.io.pyarrow import PyArrowFileIO
from sqlalchemy.exc import SQLAlchemyError

from lakehouse.catalog import known_tables, sqlite_catalog
from lakehouse.folder import (
    SKIPPED,
    MissingWarehouse,
    absolute_location,
    catalog_file,
    check_catalog_file,
    data_folder,
    holds_rows,
    metadata_folder,
    table_folder,
    version_of,
)
from lakehouse.ledger import committed_at
from lakehouse.repair.relocate import relocate
from lakehouse.repair.versions import Version, complete_version, newest_first
from lakehouse.tables import DEFINITIONS, INGESTS, NAMESPACE
from lakehouse.warehouse import open_warehouse
from srcql.errors import StoreError


@dataclass(frozen=True)
class Restored:
    """A table after `restore`: its snapshot, None before the first commit, with its commit time (UTC) and its rows.

    `changed` is whether the catalog named another version or none before. `skipped` are the newer metadata files, each
    with the reason why it cannot be used.
    """

    table: str
    metadata: Path
    changed: bool
    snapshot_id: int | None
    committed_at: datetime | None
    rows: int
    skipped: dict[Path, str] = field(default_factory=dict)


def restore(location: str | os.PathLike[str]) -> list[Restored]:
    """Restore the catalog of the warehouse in a folder, and return what each table now holds.

    A table whose catalog entry is usable stays as it is. No process may write to the folder meanwhile. Raises
    StoreError if a table has rows but no complete metadata, and MissingWarehouse if no table has metadata.
    """
    folder = absolute_location(location)
    known = _known(folder)
    tables = [table for name in DEFINITIONS if (table := _find(folder, name, known.get(name)))]
    if not tables:
        raise MissingWarehouse(f"{folder} contains no warehouse", hint="check the path")
    for path in [path for table in tables for path in table.skipped]:
        path.rename(f"{path}{SKIPPED}")
    if any(table.changed for table in tables):
        if not known:
            _set_aside(catalog_file(folder))
        _register(folder, tables)
        relocate(folder)
        open_warehouse(folder).close()  # creates the tables that were never made
    return tables


def _known(folder: str) -> dict[str, str]:
    """Return the paths of the metadata that the catalog names, none if the catalog cannot be used."""
    with suppress(StoreError, SQLAlchemyError):
        check_catalog_file(folder)
        if catalog_file(folder).exists():
            catalog = sqlite_catalog(folder)
            try:
                return known_tables(catalog)
            finally:
                catalog.close()
    return {}


def _find(folder: str, table: str, known: str | None) -> Restored | None:
    """Return the version that the catalog knows if it is usable, else the newest usable one; None without metadata."""
    files = newest_first(folder, table)
    if known and files and version_of(files[0].name) <= version_of(known) + 1:
        with suppress(StoreError):
            version = complete_version(Path(metadata_folder(folder, table), Path(known).name), folder, table)
            return _describe(table, version, False, {})
    skipped: dict[Path, str] = {}
    for file in files:
        try:
            return _describe(table, complete_version(file, folder, table), True, skipped)
        except StoreError as error:
            skipped[file] = error.message
    if skipped or holds_rows(PyArrowFileIO(), folder, table):
        raise _lost(folder, table, next(iter(skipped.values()), "it has no metadata"))
    return None


def _lost(folder: str, table: str, reason: str) -> StoreError:
    hint = f"import its rows into a new warehouse: srcql import parquet {data_folder(folder, table)} --table {table}"
    if table == INGESTS.name:
        hint = f"move {table_folder(folder, table)} away; batches whose snapshots have expired are then added again"
    return StoreError(f"the table {table} cannot be restored: {reason}", hint=hint)


def _describe(table: str, version: Version, changed: bool, skipped: dict[Path, str]) -> Restored:
    snapshot = version.metadata.current_snapshot()
    if snapshot is None:
        return Restored(table, version.file, changed, None, None, 0, skipped)
    rows = int(snapshot.summary.additional_properties.get("total-records", 0)) if snapshot.summary else 0
    return Restored(table, version.file, changed, snapshot.snapshot_id, committed_at(snapshot), rows, skipped)


def _set_aside(file: Path) -> None:
    """Rename a catalog that cannot be used, with the files that SQLite keeps beside it."""
    time = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    for path in file.parent.glob(f"{file.name}*"):
        if path.name in {file.name, *(f"{file.name}-{kind}" for kind in ("wal", "shm", "journal"))}:
            path.rename(f"{path}.damaged-{time}")


def _register(folder: str, tables: list[Restored]) -> None:
    """Make the catalog name the restored versions. After an interruption the command can be repeated."""
    catalog = sqlite_catalog(folder)
    try:
        catalog.create_namespace_if_not_exists(NAMESPACE)
        for table in tables:
            if table.changed:
                identifier = (NAMESPACE, table.table)
                if table.table in known_tables(catalog):
                    catalog.drop_table(identifier)
                catalog.register_table(identifier, str(table.metadata))
    finally:
        catalog.close()
