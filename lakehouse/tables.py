"""The definition of each Iceberg table: schema, partitions, sort order and properties."""

from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
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
