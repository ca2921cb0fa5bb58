"""Rows as a caller gives them, made rows as a table has them, or refused with column, row and value.

What is lossless is done without asking: any order of columns, dictionaries, text and integers of any width, timestamps
of any unit and time zone (stored in UTC). Whatever would lose something is an error.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.schema import Schema

from lakehouse.write.casts import Place, cast, encoded, stored_type
from srcql.errors import InvalidData, suggestion
from srcql.schema import GIVEN_BY_VERBS, OBSERVATIONS, Table


@dataclass(frozen=True)
class Layout:
    """A table as it is stored: its definition and the Arrow field of every column, later ones included."""

    table: Table
    fields: Any


def layout_of(table: Table, schema: Schema) -> Layout:
    """The layout of an Iceberg table; its Arrow fields carry the Iceberg field ids."""
    fields = schema_to_pyarrow(schema)
    return Layout(table, pa.schema([_field(field) for field in fields]))


def _field(field: Any) -> Any:
    return field.with_type(pa.string()) if pa.types.is_large_string(field.type) else field


def check_names(layout: Layout, given: Any, evolve: bool) -> list[str]:
    """The columns of the given pa.Schema that the table does not have; InvalidData unless they may be added.

    Raises InvalidData as well for a column that is missing, named twice, or named like another but for letter case.
    """
    known = {name.lower(): name for name in layout.fields.names}
    where = layout.table.name
    seen: set[str] = set()
    for name in given.names:
        if name.lower() in seen:
            raise InvalidData(f"{where}: the batch has the column {name} twice")
        seen.add(name.lower())
        if name not in layout.fields.names and name.lower() in known:
            raise InvalidData(f"{where} has no column {name}", hint=f"did you mean {known[name.lower()]}?")
    if missing := [name for name in _demanded(layout) if name not in given.names]:
        raise InvalidData(
            f"{where}: the batch has no column {', '.join(missing)}",
            hint=f"columns of the batch: {', '.join(given.names) or 'none'}",
        )
    unknown = [name for name in given.names if name not in layout.fields.names]
    if unknown and not evolve:
        hint = suggestion(unknown[0], layout.fields.names, "columns")
        raise InvalidData(f"{where} has no column {unknown[0]}", hint=f"{hint}; evolve=True adds a new column")
    return unknown


def _demanded(layout: Layout) -> list[str]:
    """The columns that a caller must give: those without null and without default, and an observation's output."""
    given = [field.name for field in layout.fields if not field.nullable and field.name not in _defaults(datetime.min)]
    return [*given, "output"] if layout.table is OBSERVATIONS else given


def _defaults(now: datetime) -> dict[str, Any]:
    return {
        "environment_id": "unknown",
        "specified_oracle": False,
        "created_at": now,
        "implementation_hash": None,
        "test_hash": None,
    }


def conform(layout: Layout, given: Any, first: int, now: datetime) -> Any:
    """The rows (pa.Table) with the columns of the layout, text columns as dictionaries of distinct values.

    `first` is the number of the first row in its batch. Hashes and derived columns may still be null.
    Raises InvalidData naming column, row and value of the first cell that cannot be stored as it is.
    """
    return pa.table({field.name: _column(layout, field, given, first, now) for field in layout.fields})


def _column(layout: Layout, field: Any, given: Any, first: int, now: datetime) -> Any:
    defaults = _defaults(now)
    if field.name not in given.column_names:
        column = pa.nulls(len(given), field.type)
        column = column.dictionary_encode() if pa.types.is_string(field.type) else column
    else:
        column = cast(Place(layout.table.name, field.name, first), given[field.name], field.type)
    if column.null_count and defaults.get(field.name) is not None:
        return _filled(column, defaults[field.name])
    if column.null_count and not field.nullable and field.name not in defaults:
        row = first + pc.index(column.is_null(), True).as_py()
        raise InvalidData(f"{layout.table.name}.{field.name}, row {row}: expected a value, found null")
    return column


def _filled(column: Any, default: Any) -> Any:
    if not pa.types.is_dictionary(column.type):
        return pc.fill_null(column, pa.scalar(default, column.type))
    return encoded(pa.chunked_array([pc.fill_null(column.cast(pa.string()), default)]))


def added_field(table: Table, field: Any) -> Any:
    """The Arrow field under which a new column is stored: the narrowest Iceberg type that holds all its values.

    Raises InvalidData for a name that cannot be written in a query, and for a type that Iceberg does not have.
    """
    odd = not field.name.isprintable() or not field.name or "." in field.name or field.name.startswith("__")
    if odd or field.name.lower() in GIVEN_BY_VERBS:
        raise InvalidData(
            f"{table.name}: a new column cannot be named {field.name!r}",
            hint="use another name, of letters, digits and _",
        )
    try:
        return pa.field(field.name, stored_type(field.type))
    except KeyError as error:
        raise InvalidData(
            f"{table.name}.{field.name}: expected a type that Iceberg has, found {error.args[0]}",
            hint="cast the column first",
        ) from error
