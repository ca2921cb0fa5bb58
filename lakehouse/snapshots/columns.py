"""The columns that were added to a table, and the DuckDB types that read them."""

from dataclasses import replace

from pyiceberg.types import IcebergType, ListType, MapType, NestedField, StructType

from srcql.schema import Column, Role, Table
from srcql.sql import identifier

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
    added = [field for field in fields if field.name not in published]
    columns = [Column(field.name, duckdb_type(field.field_type), field.field_id, Role.CONTEXT, "") for field in added]
    return replace(table, columns=(*table.columns, *columns))


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
