"""Opens the catalog of a warehouse and its Iceberg tables.

A warehouse in a folder has its catalog (SQLite) and all metadata under `catalog/`, and only Parquet files under
`data/`. The properties of any other PyIceberg catalog (Postgres, REST, …) select that catalog instead.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from pyiceberg.catalog import PY_CATALOG_IMPL, Catalog, load_catalog
from pyiceberg.catalog.sql import IcebergTables, SqlCatalog
from pyiceberg.exceptions import (
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
    ValidationError,
)
from pyiceberg.io import PY_IO_IMPL, load_file_io
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table import Transaction
from pyiceberg.table.metadata import TableMetadata
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from lakehouse.durable_files import DurableFileIO, create_folder
from lakehouse.folder import (
    MissingWarehouse,
    catalog_file,
    check_catalog_file,
    check_table,
    data_folder,
    holds_rows,
    lost_catalog,
    metadata_folder,
    newest_version,
    restore_hint,
    table_folder,
)
from lakehouse.sql_catalog import OrderedSqlCatalog
from lakehouse.storage_errors import sqlite_name, storage_error
from lakehouse.tables import (
    DEFINITIONS,
    FORMAT_PROPERTY,
    FORMAT_VERSION,
    INGESTS,
    NAMESPACE,
    RESPONSE_KEY_PROPERTY,
    partition_of,
    properties_of,
    schema_of,
    sort_order_of,
)
from srcql.errors import SrcqlError, StoreError, Unavailable
from srcql.schema import Table
from udfs.response import ALGORITHM_VERSION

_ATTEMPTS = 20
_PAUSE = 0.05
_WRITE_SECONDS, _READ_SECONDS = 60, 5  # how long to wait for a lock on an SQLite catalog
MISSING_HINT = "check the path; ingest, srcql import and srcql serve create a warehouse"
_RACE_ERRORS = (
    NamespaceAlreadyExistsError,
    TableAlreadyExistsError,
    OperationalError,
    IntegrityError,
    ProgrammingError,
    FileNotFoundError,
)

T = TypeVar("T")


def open_catalog(
    location: str | None, properties: Mapping[str, str] | None, create: bool, durable: bool = True
) -> Catalog:
    """Return the catalog that the properties select, without properties the SQLite catalog in the folder.

    `durable` says whether local files and an SQLite catalog are on disk when a commit returns.
    Raises StoreError if it cannot be opened, and MissingWarehouse if it does not exist and `create` is false.
    """
    if properties is not None:
        files = _files(location or properties.get("warehouse", ""), durable) | dict(properties)
        opened = retry_races(lambda: load_catalog("srcql", **_ordered(files)), "the catalog cannot be opened")
        return _with_sync(opened, durable)
    if location is None:
        raise StoreError("expected a folder or the properties of a catalog, found neither")
    if Path(location).is_file():
        raise StoreError(f"expected a folder, found the file {location}")
    check_catalog_file(location)
    file = catalog_file(location)
    if not create and not file.exists():
        raise MissingWarehouse(f"{location} contains no warehouse", hint=MISSING_HINT)
    try:
        create_folder(file.parent)
    except OSError as error:
        raise storage_error(error, f"a warehouse in {location} cannot be created") from error
    return sqlite_catalog(location, durable)


def sqlite_catalog(location: str, durable: bool = True) -> Catalog:
    """Open the SQLite catalog in a folder, which is created if it is missing."""
    file = catalog_file(location)
    uri = f"sqlite:///{quote(str(file))}?timeout={_WRITE_SECONDS}"
    selected = {"type": "sql", "uri": uri, "warehouse": location} | _files(location, durable)
    opened = retry_races(lambda: load_catalog("srcql", **_ordered(selected)), f"the catalog {file} cannot be opened")
    return _with_sync(opened, durable)


def _files(location: str, durable: bool) -> dict[str, str]:
    """Return the property that selects how PyIceberg writes the files below a location."""
    local = location.startswith("file:") or "://" not in location
    return {PY_IO_IMPL: f"{DurableFileIO.__module__}.{DurableFileIO.__name__}"} if durable and local else {}


def _ordered(properties: Mapping[str, str]) -> dict[str, str]:
    """Return the properties, with the catalog of this store in place of PyIceberg's for SQL."""
    if properties.get("type") != "sql":
        return dict(properties)
    own = f"{OrderedSqlCatalog.__module__}.{OrderedSqlCatalog.__name__}"
    return {name: value for name, value in properties.items() if name != "type"} | {PY_CATALOG_IMPL: own}


def _with_sync(catalog: Catalog, durable: bool) -> Catalog:
    if isinstance(catalog, OrderedSqlCatalog):
        catalog.sync(durable)
    return catalog


def reading_engine(catalog: Catalog) -> Engine | None:
    """Return the engine of an SQL catalog for reads: if an SQLite file is locked, they wait less long than commits."""
    if not isinstance(catalog, SqlCatalog):
        return None
    url = catalog.engine.url
    if catalog.engine.dialect.name != "sqlite" or url.database in (None, "", ":memory:"):
        return catalog.engine
    return create_engine(url.update_query_dict({"timeout": str(_READ_SECONDS)}), max_overflow=-1)


def known_tables(catalog: Catalog, engine: Engine | None = None) -> dict[str, str]:
    """Return the path of the current metadata of each table that the catalog has; read it with `engine`, if given.

    Raises Unavailable if another process holds a lock on the catalog for too long.
    """
    if not isinstance(catalog, SqlCatalog):
        names = [name for name in DEFINITIONS if catalog.table_exists((NAMESPACE, name))]
        return {name: catalog.load_table((NAMESPACE, name)).metadata_location for name in names}
    query = select(IcebergTables.table_name, IcebergTables.metadata_location).where(
        IcebergTables.catalog_name == catalog.name,
        IcebergTables.table_namespace == NAMESPACE,
        IcebergTables.table_name.in_(DEFINITIONS),
    )
    try:
        with (engine or catalog.engine).connect() as connection:
            return {name: str(location) for name, location in connection.execute(query)}
    except OperationalError as error:
        raise (_locked() if _is_locked(error) else error) from error


def open_table(catalog: Catalog, table: Table, location: str | None, create: bool) -> IcebergTable:
    """Return the Iceberg table of that definition; `create` allows creating it.

    Raises StoreError if it cannot be read, if a newer version wrote it, or if the files at the location are not those
    of the catalog; MissingWarehouse if it does not exist and may not be created.
    """
    failure = f"the table {table.name} cannot be opened"
    newest = newest_version(location, table.name) if location is not None else 0
    try:
        opened = retry_races(lambda: _load_or_create(catalog, table, location, create), failure)
    except StoreError as error:
        if location is None or not isinstance(error.__cause__, FileNotFoundError | ValueError | ValidationError):
            raise
        reason = f"its metadata {known_tables(catalog).get(table.name)} is missing or damaged"
        raise StoreError(f"{failure}: {reason}", hint=restore_hint(location)) from error.__cause__
    check_versions(opened)
    if location is not None:
        check_table(location, opened, newest)
    return opened


def _load_or_create(catalog: Catalog, table: Table, location: str | None, create: bool) -> IcebergTable:
    identifier = (NAMESPACE, table.name)
    try:
        return catalog.load_table(identifier)
    except NoSuchTableError as error:
        if location is not None and _is_lost(catalog, table, location):
            raise lost_catalog(location, f"its catalog has no table {NAMESPACE}.{table.name}") from error
        if not create:
            message = f"the catalog of {location or 'the tables'} has no table {NAMESPACE}.{table.name}"
            raise MissingWarehouse(message, hint=MISSING_HINT) from error
    catalog.create_namespace_if_not_exists(NAMESPACE)
    return catalog.create_table(
        identifier,
        schema_of(table),
        location=table_folder(location, table.name) if location else None,
        partition_spec=partition_of(table),
        sort_order=sort_order_of(table),
        properties=properties_of(table) | _paths(table, location),
    )


def _is_lost(catalog: Catalog, table: Table, location: str) -> bool:
    """Return whether a location holds rows of a table that the catalog does not have, nor has got meanwhile."""
    io = load_file_io(dict(catalog.properties), location)
    return holds_rows(io, location, table.name) and not catalog.table_exists((NAMESPACE, table.name))


def _paths(table: Table, location: str | None) -> dict[str, str]:
    if location is None or table is INGESTS:
        return {}
    return {
        "write.data.path": data_folder(location, table.name),
        "write.metadata.path": metadata_folder(location, table.name),
    }


def check_versions(table: IcebergTable) -> None:
    """Raise StoreError if a newer version of this project wrote the table."""
    for name, supported in ((FORMAT_PROPERTY, FORMAT_VERSION), (RESPONSE_KEY_PROPERTY, ALGORITHM_VERSION)):
        version = table.properties.get(name, "0")
        if not version.isdecimal() or int(version) > supported:
            raise StoreError(
                f"table {'.'.join(table.name())}: expected {name} of at most {supported}, found {version}",
                hint="upgrade srcql to open this warehouse",
            )


def retry_races(action: Callable[[], T], failure: str) -> T:
    """Return the result of an action; retry it while another process creates, replaces or locks the same object.

    Raises StoreError with the text `failure` and the reason, Unavailable for a lock that lasts.
    """
    left, end = _ATTEMPTS, time.monotonic() + _WRITE_SECONDS
    while True:
        try:
            return action()
        except SrcqlError:
            raise
        except Exception as error:
            left -= 1
            if not left or time.monotonic() > end or not isinstance(error, _RACE_ERRORS):
                raise (_locked() if _is_locked(error) else storage_error(error, failure)) from error
            time.sleep(_PAUSE)


def _is_locked(error: Exception) -> bool:
    return sqlite_name(error).startswith("SQLITE_BUSY")


def _locked() -> Unavailable:
    return Unavailable("another process holds a lock on the catalog", hint="try again when it has ended")


def data_folders(tables: Iterable[IcebergTable]) -> tuple[str, ...]:
    """Return the folders of the new data files of these tables."""
    return tuple(table.location_provider().data_path for table in tables)


class SingleUpdate(Transaction):
    """A transaction of one update; PyIceberg's own copies the table's metadata each time the update reads it."""

    @property
    def table_metadata(self) -> TableMetadata:
        """The metadata of the table before the update."""
        return self._table.metadata
