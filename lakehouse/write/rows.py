"""Converts the rows of a batch to the rows of a table, or rejects them with column, row and value.

Every lossless conversion is made: any order of columns, dictionaries, text and integers of any width, timestamps of any
unit and time zone (stored in UTC). A conversion that would change a value is an error.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.schema import Schema

from lakehouse.write.casts import ColumnPosition, cast, encode_text
from lakehouse.write.conversions import Mismatch, plain_type
from srcql.errors import InvalidData, suggestion
from srcql.schema import OBSERVATIONS, Role, Table

_NAMED_BY_FROM = {"data_set_id", "problem_id"}
_CONTEXT_IDS = ("run_id", "environment_id")


@dataclass(frozen=True)
class Layout:
    """The stored form of a table: its definition and the Arrow field of every column, including added ones."""

    table: Table
    fields: pa.Schema


def layout_of(table: Table, schema: Schema) -> Layout:
    """Return the layout of an Iceberg table; its Arrow fields carry the Iceberg field ids."""
    fields = schema_to_pyarrow(schema)
    return Layout(table, pa.schema([_field(field) for field in fields]))


def _field(field: pa.Field) -> pa.Field:
    return field.with_type(pa.string()) if pa.types.is_large_string(field.type) else field


def check_names(layout: Layout, batch: pa.Schema, evolve: bool) -> list[str]:
    """Return the columns of a batch that the table does not have; `evolve` allows them.

    Raises InvalidData for a missing, unknown or duplicate column, and for one that differs from another only by case or
    is not UTF-8.
    """
    known = {name.lower(): name for name in layout.fields.names}
    table = layout.table.name
    try:
        list(_names_in(pa.struct(list(batch))))
    except UnicodeDecodeError as error:
        raise InvalidData(f"{table}: expected names in UTF-8, found {error.object[:80]!r}") from error
    seen: dict[str, str] = {}
    for name in batch.names:
        if seen.get(name.lower()) == name:
            raise InvalidData(f"{table}: duplicate column {name}")
        if name.lower() in seen:
            raise InvalidData(f"{table}: column {name} differs from {seen[name.lower()]} only by case")
        seen[name.lower()] = name
        if name not in layout.fields.names and name.lower() in known:
            raise InvalidData(f"{table}: unknown column {name}", hint=f"did you mean {known[name.lower()]}?")
    if missing := [name for name in _required(layout) if name not in batch.names]:
        raise InvalidData(
            f"{table}: missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)}",
            hint=f"columns of the batch: {', '.join(batch.names) or 'none'}",
        )
    unknown = [name for name in batch.names if name not in layout.fields.names]
    if unknown and not evolve:
        hint = suggestion(unknown[0], layout.fields.names, "columns")
        raise InvalidData(
            f"{table}: unknown column {unknown[0]}", hint=f"{hint} (the ingest option evolve adds a new column)"
        )
    return unknown


def _names_in(type: pa.DataType) -> Iterator[str]:
    """Yield the names of all fields in a type; raises UnicodeDecodeError for one that is not UTF-8."""
    type = plain_type(type)
    if pa.types.is_struct(type):
        for field in type:
            yield field.name
            yield from _names_in(field.type)
    elif pa.types.is_nested(type) and not pa.types.is_union(type):
        for part in (type.key_type, type.item_type) if pa.types.is_map(type) else (type.value_type,):
            yield from _names_in(part)


def _required(layout: Layout) -> list[str]:
    """Return the columns that a batch must have: those without null or default, and the output of observations."""
    defaults = _defaults(datetime.min)
    required = [field.name for field in layout.fields if not field.nullable and field.name not in defaults]
    return [*required, "output"] if layout.table is OBSERVATIONS else required


def _defaults(now: datetime) -> dict[str, str | bool | datetime | None]:
    return {
        "environment_id": "unknown",
        "specified_oracle": False,
        "created_at": now,
        "implementation_hash": None,
        "test_hash": None,
    }


def conform(layout: Layout, batch: pa.Table, first: int) -> pa.Table:
    """Return the rows as sent, with the columns of the layout: null where the batch has no value.

    Text becomes dictionaries without duplicate values. `first` is the number of the first row in its batch.
    Raises InvalidData naming column, row and value of the first value that cannot be stored unchanged.
    """
    return pa.table({field.name: _column(layout, field, batch, first) for field in layout.fields})


def _column(layout: Layout, field: pa.Field, batch: pa.Table, first: int) -> pa.Array:
    if field.name in batch.column_names:
        return _sent(layout, field, batch, first)
    column = pa.nulls(len(batch), field.type)
    return column.dictionary_encode() if pa.types.is_string(field.type) else column


def fill_defaults(layout: Layout, rows: pa.Table, first: int, now: datetime) -> pa.Table:
    """Return the rows with the defaults of missing values. Hashes and derived columns may still be null.

    Raises InvalidData for a missing value without a default.
    """
    return pa.table({field.name: _filled(layout, field, rows, first, now) for field in layout.fields})


def check_ids(table: Table, rows: pa.Table, first: int) -> None:
    """Raise InvalidData for ids that no statement can name, and for a negative step.

    FROM names data sets and problems, and an identifier is never empty; no text of a statement contains NUL.
    """
    keys = [column.name for column in table.columns if column.role is Role.KEY or column.name in _CONTEXT_IDS]
    for name in keys:
        position, column = ColumnPosition(table.name, name, first), rows[name].combine_chunks()
        if pa.types.is_dictionary(column.type):
            _check_text_ids(position, column, name in _NAMED_BY_FROM)
        elif (row := pc.index(pc.less(column, 0), True).as_py()) >= 0:
            raise position.error(row, Mismatch("a step from 0 on", str(column[row])))


def _check_text_ids(position: ColumnPosition, ids: pa.DictionaryArray, named: bool) -> None:
    wrong = pc.match_substring(ids.dictionary, "\0")
    wrong = pc.or_(wrong, pc.equal(ids.dictionary, "")) if named else wrong
    expected = "an id of one or more characters, without NUL" if named else "an id without NUL"
    for code in np.flatnonzero(wrong.to_numpy(zero_copy_only=False)):
        if (row := pc.index(ids.indices, pa.scalar(code, ids.indices.type)).as_py()) >= 0:
            raise position.error(row, Mismatch(expected, repr(ids[row].as_py())))


def _filled(layout: Layout, field: pa.Field, rows: pa.Table, first: int, now: datetime) -> pa.Array:
    column, defaults = rows[field.name].combine_chunks(), _defaults(now)
    if column.null_count and defaults.get(field.name) is not None:
        return _fill(column, defaults[field.name])
    if column.null_count and not field.nullable and field.name not in defaults:
        row = first + pc.index(column.is_null(), True).as_py()
        raise InvalidData(f"{layout.table.name}.{field.name}, row {row}: expected a value, found null")
    return column


def _sent(layout: Layout, field: pa.Field, batch: pa.Table, first: int) -> pa.Array:
    """Return a column of the batch in its stored type; times of the base columns are in UTC."""
    position, column = ColumnPosition(layout.table.name, field.name, first), batch[field.name]
    if field.name == "created_at" and getattr(plain_type(column.type), "tz", None):
        return cast(position, column, pa.timestamp(field.type.unit, "UTC")).cast(field.type)
    return cast(position, column, field.type)


def _fill(column: pa.Array, default: str | bool | datetime | None) -> pa.Array:
    if not pa.types.is_dictionary(column.type):
        return pc.fill_null(column, pa.scalar(default, column.type))
    return encode_text(pa.chunked_array([pc.fill_null(column.cast(pa.string()), default)]))
