"""Casts a column of a batch to the type of its table if every value stays the same."""

import re
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.write.conversions import Mismatch, convert, family_of, find_mismatch, name_of
from srcql.errors import InvalidData

_ENCODED_TEXT = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class ColumnPosition:
    """The position of a column in a batch: its table, its name, and the number of its first row."""

    table: str
    column: str
    first: int

    def error(self, row: int, mismatch: Mismatch) -> InvalidData:
        """Return the error for one row of the column."""
        position = f"{'.'.join((self.table, self.column, *mismatch.path))}, row {self.first + row}"
        return InvalidData(f"{position}: expected {mismatch.expected}, found {mismatch.found}", hint=mismatch.hint)


def cast(position: ColumnPosition, column: pa.ChunkedArray, type: pa.DataType) -> pa.Array:
    """Return the column as one array of the type, text as a dictionary; InvalidData if a value would change."""
    _check_arrow_data(position, column)
    if pa.types.is_string(type) and _is_text(column.type):
        return encode_text(column)
    stored, start = [], position.first
    for chunk in column.chunks:
        stored.append(_convert(replace(position, first=start), chunk, type))
        start += len(chunk)
    array = _combine(pa.chunked_array(stored, type))
    return array.dictionary_encode() if pa.types.is_string(type) else array


def _convert(position: ColumnPosition, chunk: pa.Array, type: pa.DataType) -> pa.Array:
    try:
        return convert(chunk, type)
    except Mismatch as mismatch:
        row, wrong = find_mismatch(chunk, type)
        raise position.error(row, wrong or mismatch) from mismatch
    except pa.ArrowException as error:
        raise position.error(0, Mismatch(name_of(type), f"the type {chunk.type}", "send a plain type")) from error


def _is_text(type: pa.DataType) -> bool:
    family = family_of(type.value_type if pa.types.is_dictionary(type) else type)
    return family is not None and family.name == "text"


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
    if match is None or not _is_text(chunk.type):
        return InvalidData(f"{position.table}.{position.column}: the column is not valid Arrow data: {reason}")
    at = int(match[1])
    if not pa.types.is_dictionary(chunk.type):
        return position.error(start + at, Mismatch("text in UTF-8", _bytes(chunk, at)))
    row = pc.index(chunk.indices, pa.scalar(at, chunk.indices.type)).as_py()
    return position.error(start + max(row, 0), Mismatch("text in UTF-8", _bytes(chunk.dictionary, at)))


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
