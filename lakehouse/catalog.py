"""The Iceberg tables of a warehouse: their schemas, their layout, and the catalog that lists them.

A warehouse in a folder has its catalog (SQLite) and all metadata under `catalog/`, and only Parquet files under
`data/`. The properties of any other PyIceberg catalog (Postgres, REST, …) select that catalog instead.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar
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
SOURCE_ROW_GROUP = 1_024  # sources are long, and a query reads few of them

INGESTS = Table(
    "ingests",
    "The ids of the batches whose snapshots have expired.",
    (
        Column("batch_id", "VARCHAR", 1, Role.KEY, "id of the batch", True),
        Column("table", "VARCHAR", 2, Role.KEY, "table of the batch", True),
        Column("rows", "BIGINT", 3, Role.RECORD, "rows of the batch", True),
        Column("snapshot", "BIGINT", 4, Role.RECORD, "snapshot that added the batch", True),
        Column("time", "TIMESTAMP", 5, Role.RECORD, "commit time of that snapshot, UTC", True),
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
_RACE_ERRORS = (
    NamespaceAlreadyExistsError,
    TableAlreadyExistsError,
    OperationalError,
    IntegrityError,
    ProgrammingError,
    FileNotFoundError,
)

T = TypeVar("T")


def schema_of(table: Table) -> Schema:
    """Return the Iceberg schema of a table.

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
    """Return the partitioning of a table: by data set; `ingests` has none."""
    if table is INGESTS:
        return UNPARTITIONED_PARTITION_SPEC
    source = table.column("data_set_id").field_id
    return PartitionSpec(PartitionField(source, 1000, IdentityTransform(), "data_set_id"))


def sort_order_of(table: Table) -> SortOrder:
    """Return the order of the rows in a data file."""
    ids = [table.column(name).field_id for name in table.sort]
    return SortOrder(*(SortField(source_id=field_id, transform=IdentityTransform()) for field_id in ids))


def row_group_rows(table: Table) -> int:
    """Return the largest number of rows in a row group of the table's files."""
    return ROW_GROUP if table is OBSERVATIONS else SOURCE_ROW_GROUP


def properties_of(table: Table) -> dict[str, str]:
    """Return the table properties: layout, column bounds for pruning, and the versions of format and response keys."""
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
        "write.parquet.row-group-limit": str(row_group_rows(table)),
        FORMAT_PROPERTY: str(FORMAT_VERSION),
        RESPONSE_KEY_PROPERTY: str(ALGORITHM_VERSION),
    } | {f"write.metadata.metrics.column.{name}": mode for name, mode in metrics.items() if name in names}


def open_catalog(location: str | None, properties: Mapping[str, str] | None, create: bool) -> Catalog:
    """Return the catalog that the properties select, without properties the SQLite catalog in the folder.

    Raises StoreError if it cannot be opened, or if it does not exist and `create` is false.
    """
    if properties is not None:
        return retry_races(lambda: load_catalog("srcql", **properties), "the catalog cannot be opened")
    if location is None:
        raise StoreError("expected a folder or the properties of a catalog, found neither")
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


def add_columns(load: Callable[[], IcebergTable], fields: pa.Schema) -> IcebergTable:
    """Add the fields that a table does not have and return it; `load` returns its current state.

    If two writers add the same column at the same time, the second one finds it in the table.
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
    raise Unavailable("columns cannot be added while other writers change the table", hint="try again")
