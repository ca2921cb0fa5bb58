"""The Iceberg tables of a warehouse: their schemas, their layout, and the catalog that knows them.

A warehouse in a folder has its catalog (SQLite) and all metadata under `catalog/`, and nothing but Parquet files under
`data/`. Any other PyIceberg catalog (Postgres, REST, …) serves as well: it is given by its properties.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import pyarrow as pa
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table import Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.sorting import SortField, SortOrder
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import (
    BooleanType,
    DoubleType,
    IcebergType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
)
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from srcql.errors import StoreError, Unavailable
from srcql.schema import OBSERVATIONS, TABLES, Column, Role, Table
from udfs.response import ALGORITHM_VERSION

NAMESPACE = "srcql"
FORMAT_VERSION = 1
FORMAT_PROPERTY = "srcql.format-version"
RESPONSE_KEY_PROPERTY = "srcql.response-key-version"
ROW_GROUP = 122_880
SOURCE_ROW_GROUP = 1_024  # sources are long, and few of them are asked for at a time

INGESTS = Table(
    "ingests",
    "The ids of the batches whose snapshots have expired.",
    (
        Column("batch_id", "VARCHAR", 1, Role.KEY, "id of the batch", True),
        Column("table", "VARCHAR", 2, Role.KEY, "table that it was added to", True),
        Column("rows", "BIGINT", 3, Role.RECORD, "rows that it added", True),
        Column("snapshot", "BIGINT", 4, Role.RECORD, "snapshot that it was added by", True),
        Column("time", "TIMESTAMP", 5, Role.RECORD, "when it was added, UTC", True),
    ),
    ("table", "batch_id"),
)
DEFINITIONS = {**TABLES, INGESTS.name: INGESTS}

_TYPES: dict[str, IcebergType] = {
    "VARCHAR": StringType(),
    "INTEGER": IntegerType(),
    "BIGINT": LongType(),
    "DOUBLE": DoubleType(),
    "TIMESTAMP": TimestampType(),
    "BOOLEAN": BooleanType(),
}
_UNBOUNDED = ("inputs", "output", "source_code")
_BOUNDED = ("data_set_id", "problem_id", "implementation_id", "test_id", "run_id")
_ATTEMPTS = 20
_PAUSE = 0.05
_RACED = (
    NamespaceAlreadyExistsError,
    TableAlreadyExistsError,
    OperationalError,
    IntegrityError,
    ProgrammingError,
    FileNotFoundError,
)

Found = TypeVar("Found")


def schema_of(table: Table) -> Schema:
    """The Iceberg schema of one of our tables.

    >>> schema_of(TABLES["tests"]).find_field("test_id")
    NestedField(field_id=3, name='test_id', field_type=StringType(), required=True)
    """
    return Schema(
        *(
            NestedField(column.field_id, column.name, _TYPES[column.type], doc=column.doc, required=column.required)
            for column in table.columns
        )
    )


def partition_of(table: Table) -> PartitionSpec:
    """One partition per data set; the table of batch ids has none."""
    if table is INGESTS:
        return UNPARTITIONED_PARTITION_SPEC
    source = table.column("data_set_id").field_id
    return PartitionSpec(PartitionField(source, 1000, IdentityTransform(), "data_set_id"))


def sort_order_of(table: Table) -> SortOrder:
    """The order that the rows of a data file have."""
    ids = [table.column(name).field_id for name in table.sort]
    return SortOrder(*(SortField(source_id=field_id, transform=IdentityTransform()) for field_id in ids))


def row_group(table: Table) -> int:
    """How many rows of the table a row group of its files holds at most."""
    return ROW_GROUP if table is OBSERVATIONS else SOURCE_ROW_GROUP


def properties_of(table: Table) -> dict[str, str]:
    """The table properties: layout, bounds by which files are pruned, and the versions that the data was written by."""
    metrics = dict.fromkeys(_BOUNDED, "full") | dict.fromkeys(_UNBOUNDED, "none")
    names = {column.name for column in table.columns}
    return {
        "format-version": "2",
        "commit.retry.num-retries": "0",
        "commit.manifest-merge.enabled": "true",
        "commit.manifest.min-count-to-merge": "30",
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": "20",
        "write.parquet.compression-codec": "zstd",
        "write.parquet.row-group-limit": str(row_group(table)),
        FORMAT_PROPERTY: str(FORMAT_VERSION),
        RESPONSE_KEY_PROPERTY: str(ALGORITHM_VERSION),
    } | {f"write.metadata.metrics.column.{name}": mode for name, mode in metrics.items() if name in names}


def open_catalog(location: str | None, properties: Mapping[str, str] | None, create: bool) -> Catalog:
    """The catalog of a warehouse: the one that the properties name, else the SQLite file in the folder.

    Raises StoreError when it cannot be opened, or does not exist and may not be created.
    """
    if properties is not None:
        return persist(lambda: load_catalog("srcql", **properties), "the catalog cannot be opened")
    if location is None:
        raise StoreError("a warehouse needs a folder, or the properties of a catalog")
    file = Path(location, "catalog", "catalog.db")
    if not file.exists() and not create:
        raise StoreError(f"there is no warehouse in {location}", hint="give another folder, or let it be created")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"no warehouse can be made in {location}: {error.strerror}") from error
    uri = f"sqlite:///{quote(str(file))}?timeout=60"
    return persist(
        lambda: load_catalog("srcql", type="sql", uri=uri, warehouse=location), f"{file} cannot be opened as a catalog"
    )


def open_table(catalog: Catalog, table: Table, location: str | None, create: bool) -> IcebergTable:
    """The Iceberg table of that definition, created when it does not exist.

    Raises StoreError when it may not be created, or was written by a newer version than this one.
    """
    return checked(
        persist(lambda: _load_or_create(catalog, table, location, create), f"the table {table.name} cannot be opened")
    )


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


def checked(table: IcebergTable) -> IcebergTable:
    """The same table, unless a newer version of this project wrote it (StoreError)."""
    for name, known in ((FORMAT_PROPERTY, FORMAT_VERSION), (RESPONSE_KEY_PROPERTY, ALGORITHM_VERSION)):
        found = table.properties.get(name, "0")
        if not found.isdecimal() or int(found) > known:
            raise StoreError(
                f"the table {'.'.join(table.name())} has {name} {found}; this version knows {known}",
                hint="upgrade srcql to open this warehouse",
            )
    return table


def persist(action: Callable[[], Found], failure: str) -> Found:
    """What the action returns, tried again while another process is creating, replacing or locking the same thing."""
    left = _ATTEMPTS
    while True:
        try:
            return action()
        except StoreError:
            raise
        except Exception as error:
            left -= 1
            if not left or not isinstance(error, _RACED):
                raise StoreError(f"{failure}: {_reason(error)}") from error
            time.sleep(_PAUSE)


def _reason(error: Exception) -> str:
    text = str(getattr(error, "orig", None) or error) or type(error).__name__
    return text.splitlines()[0]


def data_folders(tables: Iterable[IcebergTable]) -> tuple[str, ...]:
    """The folders that new data files of these tables are written to."""
    return tuple(table.location_provider().data_path for table in tables)


def absolute(location: str | os.PathLike[str]) -> str:
    """A folder as an absolute path; a URI (`s3://…`) stays as it is."""
    text = os.fspath(location)
    return text.rstrip("/") if "://" in text else os.path.abspath(os.path.expanduser(text))


class OneChange(Transaction):
    """A transaction of one change, which looks at the table as it was before; PyIceberg copies it at every look."""

    @property
    def table_metadata(self) -> TableMetadata:
        """The metadata of the table without the change."""
        return self._table.metadata


def add_columns(load: Callable[[], IcebergTable], fields: Any) -> IcebergTable:
    """The table, with those fields of the pa.Schema added that it does not have; `load` gives its current state.

    Two writers may add the same column at once: the later one finds it.
    """
    for _ in range(_ATTEMPTS):
        table = load()
        known = {name.lower() for name in table.schema().column_names}
        missing = pa.schema([field for field in fields if field.name.lower() not in known])
        if not len(missing):
            return table
        try:
            with table.update_schema() as update:
                update.union_by_name(missing)
        except CommitFailedException:
            time.sleep(_PAUSE)
    raise Unavailable("the table's columns keep changing", hint="try again")
