"""One column as a caller gives it, made the type that a table has it in, where nothing is lost by that."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from srcql.errors import InvalidData

_ENCODED_TEXT = pa.dictionary(pa.int32(), pa.string())
_FAMILIES: dict[str, Callable[[Any], bool]] = {
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
class Place:
    """Where a column stands: its table, its name, and the number of its first row."""

    table: str
    column: str
    first: int

    def refuse(self, row: int, expected: str, found: str, hint: str | None = None) -> InvalidData:
        """The error about one cell of the column."""
        where = f"{self.table}.{self.column}, row {self.first + row}"
        return InvalidData(f"{where}: expected {expected}, found {found}", hint=hint)


def cast(place: Place, column: Any, type: Any) -> Any:
    """The column (pa.ChunkedArray) as one array of the type, text as a dictionary; InvalidData if that loses any."""
    column = _plain(column, type)
    _check_bytes(place, column)
    found = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_null(found):
        column = column.cast(type)
    elif _family(found) not in {_family(type), *_ALSO.get(_family(type), ())}:
        shown = f"{_shown(column[0])} of type {found}" if len(column) else f"the type {found}"
        raise place.refuse(0, _family(type), shown, hint=f"cast the column to {type} first")
    if pa.types.is_string(type):
        return encoded(column)
    if pa.types.is_dictionary(column.type):
        column = column.cast(found)
    if _casts(column, type):
        return column.cast(type).combine_chunks()
    row = _first(lambda rows: not _casts(column.slice(0, rows), type), len(column))
    raise place.refuse(row, f"{_family(type)} that fits {type}", _shown(column[row]))


def _plain(column: Any, type: Any) -> Any:
    """The column without extension type or run-end encoding; a JSON column is text."""
    if isinstance(column.type, pa.BaseExtensionType) and column.type != type:
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    return pc.run_end_decode(column) if pa.types.is_run_end_encoded(column.type) else column


def _family(type: Any) -> str:
    return next((name for name, holds in _FAMILIES.items() if holds(type)), str(type))


def _check_bytes(place: Place, column: Any) -> None:
    """Refuses text that is not UTF-8, and arrays whose offsets or indices point nowhere."""
    start = 0
    for chunk in column.chunks:
        try:
            chunk.validate(full=True)
        except (pa.ArrowInvalid, pa.ArrowIndexError) as error:
            raise _not_text(place, chunk, start, str(error)) from error
        start += len(chunk)


def _not_text(place: Place, chunk: Any, start: int, reason: str) -> InvalidData:
    found = re.search(r"Invalid UTF8 sequence at string index (\d+)", reason)
    if found is None:
        return InvalidData(f"{place.table}.{place.column}: the column is not valid Arrow data: {reason}")
    at = int(found[1])
    if not pa.types.is_dictionary(chunk.type):
        return place.refuse(start + at, "text in UTF-8", _bytes(chunk, at))
    row = pc.index(chunk.indices, pa.scalar(at, chunk.indices.type)).as_py()
    return place.refuse(start + max(row, 0), "text in UTF-8", _bytes(chunk.dictionary, at))


_BYTES = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary(), pa.string_view(): pa.binary_view()}


def _bytes(array: Any, at: int) -> str:
    return repr(array.view(_BYTES[array.type])[at].as_py()[:80]) if array.type in _BYTES else "other bytes"


def encoded(column: Any) -> Any:
    """Text (pa.ChunkedArray) of any width as one dictionary of its distinct values."""
    if pa.types.is_dictionary(column.type):
        chunks = [_reencoded(chunk) for chunk in column.chunks]
        column = pa.chunked_array(chunks, _ENCODED_TEXT).unify_dictionaries()
        return _one(column)
    return _one(column.cast(pa.string())).dictionary_encode()


def _one(column: Any) -> Any:
    array = column.combine_chunks()
    return array.chunk(0) if isinstance(array, pa.ChunkedArray) else array


def _reencoded(chunk: Any) -> Any:
    """The same values, each once in the dictionary."""
    values = chunk.dictionary.cast(pa.string()).dictionary_encode()
    return pa.DictionaryArray.from_arrays(values.indices.take(chunk.indices), values.dictionary)


def _casts(column: Any, type: Any) -> bool:
    try:
        stored = column.cast(type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    if not pa.types.is_floating(type) or pa.types.is_integer(column.type):
        return True
    changed = pc.not_equal(stored.cast(column.type), column)  # Arrow rounds to a narrower float without a word
    return not pc.any(pc.and_(changed, pc.invert(pc.is_nan(stored)))).as_py()


def _first(fails: Callable[[int], bool], rows: int) -> int:
    """The first row with which a prefix fails, by bisection."""
    low, high = 0, rows
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fails(middle) else (middle, high)
    return low


def _shown(value: Any) -> str:
    """A value as an error shows it: text in quotes, anything long cut."""
    if _family(value.type) == "text":
        text = repr(value.as_py())
    elif pa.types.is_primitive(value.type) or pa.types.is_decimal(value.type):
        text = value.cast(pa.string()).as_py() or "null"
    else:
        text = repr(value.as_py())
    return text if len(text) <= 80 else text[:77] + "..."


def stored_type(type: Any) -> Any:
    """The narrowest Arrow type of an Iceberg type that holds all values of another; KeyError when there is none."""
    for holds, stored in _STORED:
        if holds(type):
            return stored(type)
    raise KeyError(type)


_STORED: tuple[tuple[Callable[[Any], bool], Callable[[Any], Any]], ...] = (
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
