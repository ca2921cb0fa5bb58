"""Opens the catalog of a warehouse and its Iceberg tables.

A warehouse in a folder has its catalog (SQLite) and all metadata under `catalog/`, and only Parquet files under
`data/`. The properties of any other PyIceberg catalog (Postgres, REST, …) select that catalog instead.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import (
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table import Transaction
from pyiceberg.table.metadata import TableMetadata
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from lakehouse.tables import (
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
from srcql.errors import StoreError
from srcql.schema import Table
from udfs.response import ALGORITHM_VERSION

_ATTEMPTS = 20
_PAUSE = 0.05
_RACE_ERRORS = (
    NamespaceAlreadyExistsError,
    TableAlreadyExistsError,
    OperationalError,
    IntegrityError,
    ProgrammingError,
    FileNotFoundError,
)

T = TypeVar("T")


def open_catalog(location: str | None, properties: Mapping[str, str] | None, create: bool) -> Catalog:
    """Return the catalog that the properties select, without properties the SQLite catalog in the folder.

    Raises StoreError if it cannot be opened, or if it does not exist and `create` is false.
    """
    if properties is not None:
        return retry_races(lambda: load_catalog("srcql", **properties), "the catalog cannot be opened")
    if location is None:
        raise StoreError("expected a folder or the properties of a catalog, found neither")
    if Path(location).is_file():
        raise StoreError(f"expected a folder, found the file {location}")
    file = Path(location, "catalog", "catalog.db")
    if not file.exists() and not create:
        raise StoreError(f"{location} contains no warehouse", hint="use another folder, or allow creating a warehouse")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"a warehouse in {location} cannot be created: {error.strerror}") from error
    uri = f"sqlite:///{quote(str(file))}?timeout=60"
    return retry_races(
        lambda: load_catalog("srcql", type="sql", uri=uri, warehouse=location), f"the catalog {file} cannot be opened"
    )


def open_table(catalog: Catalog, table: Table, location: str | None, create: bool) -> IcebergTable:
    """Return the Iceberg table of that definition; `create` allows creating it.

    Raises StoreError if it does not exist and may not be created, or if a newer version wrote it.
    """
    failure = f"the table {table.name} cannot be opened"
    opened = retry_races(lambda: _load_or_create(catalog, table, location, create), failure)
    check_versions(opened)
    return opened


def _load_or_create(catalog: Catalog, table: Table, location: str | None, create: bool) -> IcebergTable:
    identifier = (NAMESPACE, table.name)
    try:
        return catalog.load_table(identifier)
    except NoSuchTableError as error:
        if not create:
            raise StoreError(f"the catalog has no table {NAMESPACE}.{table.name}") from error
    catalog.create_namespace_if_not_exists(NAMESPACE)
    return catalog.create_table(
        identifier,
        schema_of(table),
        location=f"{location}/catalog/{table.name}" if location else None,
        partition_spec=partition_of(table),
        sort_order=sort_order_of(table),
        properties=properties_of(table) | _paths(table, location),
    )


def _paths(table: Table, location: str | None) -> dict[str, str]:
    if location is None or table is INGESTS:
        return {}
    return {
        "write.data.path": f"{location}/data/{table.name}",
        "write.metadata.path": f"{location}/catalog/{table.name}",
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

    Raises StoreError with the text `failure` and the reason.
    """
    left = _ATTEMPTS
    while True:
        try:
            return action()
        except StoreError:
            raise
        except Exception as error:
            left -= 1
            if not left or not isinstance(error, _RACE_ERRORS):
                raise StoreError(f"{failure}: {_reason(error)}") from error
            time.sleep(_PAUSE)


def _reason(error: Exception) -> str:
    text = str(getattr(error, "orig", None) or error) or type(error).__name__
    return text.splitlines()[0]


def data_folders(tables: Iterable[IcebergTable]) -> tuple[str, ...]:
    """Return the folders of the new data files of these tables."""
    return tuple(table.location_provider().data_path for table in tables)


def absolute_location(location: str | os.PathLike[str]) -> str:
    """Return a folder as an absolute path, and a URI (`s3://…`) unchanged."""
    text = os.fspath(location)
    return text.rstrip("/") if "://" in text else os.path.abspath(os.path.expanduser(text))


class SingleUpdate(Transaction):
    """A transaction of one update; PyIceberg's own copies the table's metadata each time the update reads it."""

    @property
    def table_metadata(self) -> TableMetadata:
        """The metadata of the table before the update."""
        return self._table.metadata
