"""The columns that were added to a table, and the DuckDB types that read them."""

from collections.abc import Iterable
from dataclasses import replace

from pyiceberg.types import IcebergType, ListType, MapType, NestedField, StructType

from srcql.schema import Column, Role, Table
from srcql.sql import identifier, literal

DUCKDB_TYPES = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ns": "TIMESTAMP_NS",
    "binary": "BLOB",
    "uuid": "UUID",
}


def with_added_columns(table: Table, fields: tuple[NestedField, ...]) -> Table:
    """Return the table with the context columns that were added to its Iceberg schema."""
    published = {column.name for column in table.columns}
    added = [added_column(field) for field in fields if field.name not in published]
    return replace(table, columns=(*table.columns, *added))


def added_column(field: NestedField) -> Column:
    """Return the context column of an added field."""
    return Column(field.name, duckdb_type(field.field_type), field.field_id, Role.CONTEXT, "")


def schema_argument(columns: Iterable[Column]) -> str:
    """Return the argument of DuckDB's read_parquet that reads these columns by field id; NULL in files without one.

    >>> schema_argument([Column("seed", "BIGINT", 23, Role.CONTEXT, "")])
    "schema = MAP {23: {'name': 'seed', 'type': 'BIGINT', 'default_value': NULL}}"
    """
    fields = ", ".join(f"{column.field_id}: {_field(column)}" for column in columns)
    return f"schema = MAP {{{fields}}}"


def _field(column: Column) -> str:
    return f"{{'name': {literal(column.name)}, 'type': {literal(column.type)}, 'default_value': NULL}}"


def duckdb_type(iceberg: IcebergType) -> str:
    """Return the DuckDB type that reads an Iceberg type.

    >>> from pyiceberg.types import DecimalType, ListType, LongType
    >>> duckdb_type(LongType()), duckdb_type(DecimalType(9, 2))
    ('BIGINT', 'DECIMAL(9, 2)')
    """
    if isinstance(iceberg, ListType):
        return f"{duckdb_type(iceberg.element_type)}[]"
    if isinstance(iceberg, MapType):
        return f"MAP({duckdb_type(iceberg.key_type)}, {duckdb_type(iceberg.value_type)})"
    if isinstance(iceberg, StructType):
        parts = (f"{identifier(part.name)} {duckdb_type(part.field_type)}" for part in iceberg.fields)
        return f"STRUCT({', '.join(parts)})"
    name = str(iceberg)
    if name in DUCKDB_TYPES:
        return DUCKDB_TYPES[name]
    return "BLOB" if name.startswith("fixed") else name.upper()
