"""Casts a column of a batch to the type of its table if every value stays the same."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from srcql.errors import InvalidData

_ENCODED_TEXT = pa.dictionary(pa.int32(), pa.string())
_FAMILIES: dict[str, Callable[[pa.DataType], bool]] = {
    "text": lambda type: pa.types.is_string(type) or pa.types.is_large_string(type) or pa.types.is_string_view(type),
    "true or false": pa.types.is_boolean,
    "a whole number": pa.types.is_integer,
    "a number": lambda type: pa.types.is_floating(type) or pa.types.is_decimal(type),
    "a timestamp": pa.types.is_timestamp,
    "a date": pa.types.is_date,
    "a time": pa.types.is_time,
    "bytes": lambda type: pa.types.is_binary(type) or pa.types.is_large_binary(type) or pa.types.is_binary_view(type),
    "a list": lambda type: pa.types.is_list(type) or pa.types.is_large_list(type) or pa.types.is_fixed_size_list(type),
    "a struct": pa.types.is_struct,
    "a map": pa.types.is_map,
}
_ALSO = {
    "a whole number": {"a number"},
    "a number": {"a whole number"},
    "a timestamp": {"a date"},
}


@dataclass(frozen=True)
class ColumnPosition:
    """The position of a column in a batch: its table, its name, and the number of its first row."""

    table: str
    column: str
    first: int

    def error(self, row: int, expected: str, found: str, hint: str | None = None) -> InvalidData:
        """Return the error for one row of the column."""
        position = f"{self.table}.{self.column}, row {self.first + row}"
        return InvalidData(f"{position}: expected {expected}, found {found}", hint=hint)


def cast(position: ColumnPosition, column: pa.ChunkedArray, type: pa.DataType) -> pa.Array:
    """Return the column as one array of the type, text as a dictionary; InvalidData if a value would change."""
    column = _decode(column, type)
    _check_arrow_data(position, column)
    source = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_null(source):
        column = column.cast(type)
    elif _family(source) not in {_family(type), *_ALSO.get(_family(type), ())}:
        shown = f"{_format(column[0])} of type {source}" if len(column) else f"the type {source}"
        raise position.error(0, _family(type), shown, hint=f"cast the column to {type} first")
    if pa.types.is_string(type):
        return encode_text(column)
    if pa.types.is_dictionary(column.type):
        column = column.cast(source)
    if _is_lossless(column, type):
        return column.cast(type).combine_chunks()
    row = _first_failing_row(lambda rows: not _is_lossless(column.slice(0, rows), type), len(column))
    raise position.error(row, f"{_family(type)} that fits {type}", _format(column[row]))


def _decode(column: pa.ChunkedArray, type: pa.DataType) -> pa.ChunkedArray:
    """Return the column without extension type or run-end encoding; a JSON column becomes text."""
    if isinstance(column.type, pa.BaseExtensionType) and column.type != type:
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    return pc.run_end_decode(column) if pa.types.is_run_end_encoded(column.type) else column


def _family(type: pa.DataType) -> str:
    return next((name for name, holds in _FAMILIES.items() if holds(type)), str(type))


def _check_arrow_data(position: ColumnPosition, column: pa.ChunkedArray) -> None:
    """Raise InvalidData for text that is not UTF-8 and for arrays with offsets or indices out of range."""
    start = 0
    for chunk in column.chunks:
        try:
            chunk.validate(full=True)
        except (pa.ArrowInvalid, pa.ArrowIndexError) as error:
            raise _invalid_chunk(position, chunk, start, str(error)) from error
        start += len(chunk)


def _invalid_chunk(position: ColumnPosition, chunk: pa.Array, start: int, reason: str) -> InvalidData:
    match = re.search(r"Invalid UTF8 sequence at string index (\d+)", reason)
    if match is None:
        return InvalidData(f"{position.table}.{position.column}: the column is not valid Arrow data: {reason}")
    at = int(match[1])
    if not pa.types.is_dictionary(chunk.type):
        return position.error(start + at, "text in UTF-8", _bytes(chunk, at))
    row = pc.index(chunk.indices, pa.scalar(at, chunk.indices.type)).as_py()
    return position.error(start + max(row, 0), "text in UTF-8", _bytes(chunk.dictionary, at))


_BYTES = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary(), pa.string_view(): pa.binary_view()}


def _bytes(array: pa.Array, at: int) -> str:
    return repr(array.view(_BYTES[array.type])[at].as_py()[:80]) if array.type in _BYTES else "other bytes"


def encode_text(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return text of any width as one dictionary array without duplicate values."""
    if pa.types.is_dictionary(column.type):
        chunks = [_deduplicate(chunk) for chunk in column.chunks]
        column = pa.chunked_array(chunks, _ENCODED_TEXT).unify_dictionaries()
        return _combine(column)
    return _combine(column.cast(pa.string())).dictionary_encode()


def _combine(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    return array.chunk(0) if isinstance(array, pa.ChunkedArray) else array


def _deduplicate(chunk: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return the same values with a dictionary that holds each value once."""
    values = chunk.dictionary.cast(pa.string()).dictionary_encode()
    return pa.DictionaryArray.from_arrays(values.indices.take(chunk.indices), values.dictionary)


def _is_lossless(column: pa.ChunkedArray, type: pa.DataType) -> bool:
    """Return whether a cast to the type keeps every value."""
    try:
        stored = column.cast(type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    if not pa.types.is_floating(type) or pa.types.is_integer(column.type):
        return True
    changed = pc.not_equal(stored.cast(column.type), column)  # Arrow rounds to a narrower float without an error
    return not pc.any(pc.and_(changed, pc.invert(pc.is_nan(stored)))).as_py()


def _first_failing_row(fails: Callable[[int], bool], rows: int) -> int:
    """Return the first row that makes a prefix of the rows fail, by bisection."""
    low, high = 0, rows
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fails(middle) else (middle, high)
    return low


def _format(value: pa.Scalar) -> str:
    """Return a value for an error message: text in quotes, cut to 80 characters."""
    if _family(value.type) == "text":
        text = repr(value.as_py())
    elif pa.types.is_primitive(value.type) or pa.types.is_decimal(value.type):
        text = value.cast(pa.string()).as_py() or "null"
    else:
        text = repr(value.as_py())
    return text if len(text) <= 80 else text[:77] + "..."


def stored_type(type: pa.DataType) -> pa.DataType:
    """Return the narrowest Arrow type that Iceberg supports for all values of a type; KeyError if there is none."""
    for holds, stored in _STORED:
        if holds(type):
            return stored(type)
    raise KeyError(type)


_STORED: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.DataType], pa.DataType]], ...] = (
    (lambda type: isinstance(type, pa.UuidType), lambda type: type),
    (lambda type: isinstance(type, pa.BaseExtensionType), lambda type: stored_type(type.storage_type)),
    (pa.types.is_dictionary, lambda type: stored_type(type.value_type)),
    (pa.types.is_run_end_encoded, lambda type: stored_type(type.value_type)),
    (pa.types.is_boolean, lambda type: type),
    (lambda type: type == pa.int32() or (pa.types.is_integer(type) and type.bit_width < 32), lambda _: pa.int32()),
    (pa.types.is_integer, lambda _: pa.int64()),
    (pa.types.is_float64, lambda type: type),
    (pa.types.is_floating, lambda _: pa.float32()),
    (
        lambda type: pa.types.is_decimal(type) and type.precision <= 38,
        lambda type: pa.decimal128(type.precision, type.scale),
    ),
    (_FAMILIES["text"], lambda _: pa.string()),
    (pa.types.is_fixed_size_binary, lambda type: type),
    (_FAMILIES["bytes"], lambda _: pa.binary()),
    (pa.types.is_date, lambda _: pa.date32()),
    (pa.types.is_time, lambda _: pa.time64("us")),
    (pa.types.is_timestamp, lambda type: pa.timestamp("us", "UTC" if type.tz else None)),
    (_FAMILIES["a list"], lambda type: pa.list_(stored_type(type.value_type))),
    (pa.types.is_struct, lambda type: pa.struct([pa.field(part.name, stored_type(part.type)) for part in type])),
    (pa.types.is_map, lambda type: pa.map_(stored_type(type.key_type), stored_type(type.item_type))),
)
