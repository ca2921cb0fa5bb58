"""Adds columns to a table, each only after its type was written and read back by everything that reads the store.

A column stays in the schema for ever, so a type that one reader cannot read would make the table unreadable.
"""

import time
from collections.abc import Callable
from datetime import date, datetime
from datetime import time as time_of_day
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io.pyarrow import pyarrow_to_schema, schema_to_pyarrow
from pyiceberg.schema import Schema
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table import Transaction
from pyiceberg.table.metadata import TableMetadataUtil
from pyiceberg.types import NestedField

from lakehouse.snapshots.columns import added_column, schema_argument
from lakehouse.write.conversions import Mismatch, family_of
from lakehouse.write.files import statistics_of
from lakehouse.write.stored_types import MAX_NAME_BYTES, is_usable_column, stored_type
from srcql.errors import InvalidData, Unavailable
from srcql.schema import Table
from srcql.sql import literal

MAX_FIELDS = 500
_ATTEMPTS = 20
_PAUSE = 0.05
_VALUES = {
    "text": "x",
    "true or false": True,
    "a whole number": 7,
    "a date": date(2030, 1, 1),
    "a time": time_of_day(12, 0, 0, 5),
    "a UUID": bytes(range(16)),
}


def added_field(table: Table, field: pa.Field) -> pa.Field:
    """Return the Arrow field of a new column: of the narrowest type that Iceberg supports for all its values.

    Raises InvalidData for a name that queries cannot use, and for a type that cannot be stored.
    """
    if not is_usable_column(field.name):
        raise InvalidData(
            f"{table.name}: a new column cannot be named {field.name[:MAX_NAME_BYTES]!r}",
            hint="use another name of letters, digits and _",
        )
    try:
        return pa.field(field.name, stored_type(field.type))
    except Mismatch as error:
        column = ".".join((table.name, field.name, *error.path))
        raise InvalidData(f"{column}: expected {error.expected}, found {error.found}", hint=error.hint) from error


def add_columns(load: Callable[[], IcebergTable], fields: pa.Schema) -> IcebergTable:
    """Add the fields that a table does not have and return it; `load` returns its current state.

    If two writers add the same column at the same time, the second one finds it in the table. Raises InvalidData, and
    changes nothing, for a column that cannot be read back, and for more fields than a table can have.
    """
    for _ in range(_ATTEMPTS):
        table = load()
        known = {name.lower() for name in table.schema().column_names}
        missing = pa.schema([field for field in fields if field.name.lower() not in known])
        if not len(missing):
            return table
        change = _checked_change(table, missing)
        try:
            return change.commit_transaction()
        except CommitFailedException:
            time.sleep(_PAUSE)
    raise Unavailable("columns cannot be added while other writers change the table", hint="try again")


def _checked_change(table: IcebergTable, fields: pa.Schema) -> Transaction:
    """Return the uncommitted change that adds the fields; raises InvalidData unless the table can be read with it."""
    name, column, change = table.name()[-1], "", Transaction(table)
    try:
        with change.update_schema() as update:
            update.union_by_name(fields)
        schema = change.table_metadata.schema()
        _check_size(name, schema)
        with TemporaryDirectory() as folder, duckdb.connect() as connection:
            for column in fields.names:
                _write_and_read(schema.find_field(column), table, Path(folder), connection)
        TableMetadataUtil.parse_raw(change.table_metadata.model_dump_json())
    except InvalidData:
        raise
    except Exception as error:  # a column that one of these libraries cannot read must not be added, whatever it raises
        type = str(fields.field(column).type) if column else f"the columns {', '.join(fields.names)}"
        reason = (str(error) or error.__class__.__name__).splitlines()[0][:200]
        raise InvalidData(
            f"{name}.{column}: expected a type that all readers can read, found {type}: {reason}",
            hint="cast the column to a simpler type, or to text",
        ) from error
    return change


def _check_size(table: str, schema: Schema) -> None:
    if len(schema.field_ids) > MAX_FIELDS:
        raise InvalidData(
            f"{table}: expected at most {MAX_FIELDS} columns and fields of structs, found {len(schema.field_ids)}",
            hint="keep names that vary in one column: a map from text to text, or JSON",
        )


def _write_and_read(
    field: NestedField, table: IcebergTable, folder: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    """Raise an error unless Parquet, PyIceberg and DuckDB return a value and a null of this column as written."""
    schema = Schema(field)
    fields = schema_to_pyarrow(schema)
    example = _example(fields.types[0])
    rows = pa.table([pa.chunked_array([example, pa.nulls(1, example.type)])], schema=fields)
    path = folder / f"{field.field_id}.parquet"
    pq.write_table(rows, path, store_schema=False)
    if pyarrow_to_schema(pq.read_schema(path)) != schema:
        raise ValueError("Iceberg reads another type from its file")
    statistics_of(pq.read_metadata(path), schema, table.properties)
    connection.register("sent", rows)
    read = f"FROM read_parquet({literal(str(path))}, {schema_argument([added_column(field)])})"
    same = connection.sql(f"FROM sent INTERSECT {read}").fetchall()
    if len(same) != len(rows) or pq.read_table(path).cast(fields) != rows:
        raise ValueError("a reader returns other values than were written")


def _example(type: pa.DataType) -> pa.Array:
    """Return one value of a stored type."""
    if pa.types.is_struct(type):
        return pa.StructArray.from_arrays([_example(field.type) for field in type], fields=list(type))
    if pa.types.is_map(type):
        return pa.MapArray.from_arrays([0, 1], _example(type.key_type), _example(type.item_type), type=type)
    if pa.types.is_large_list(type):
        return pa.LargeListArray.from_arrays([0, 1], _example(type.value_type), type=type)
    if pa.types.is_timestamp(type):
        return pa.array([datetime(2030, 1, 1, 12, 0, 0, 5)], type)
    if pa.types.is_decimal(type):
        return pa.array([Decimal(1).scaleb(-type.scale)], type)
    if pa.types.is_floating(type):
        return pa.array([0.5], type)
    if pa.types.is_fixed_size_binary(type):
        return pa.array([bytes(type.byte_width)], type)
    family = family_of(type)
    return pa.array([_VALUES.get(family.name, b"x") if family else None], type)
