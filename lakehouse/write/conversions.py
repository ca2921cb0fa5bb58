"""Converts Arrow arrays to the type of a stored column, at every depth, if no value changes.

>>> convert(pa.array([[1, 2]]), pa.large_list(pa.float64())).to_pylist()
[[1.0, 2.0]]
>>> convert(pa.array([[1, 2]]), pa.large_list(pa.bool_()))
Traceback (most recent call last):
    ...
lakehouse.write.conversions.Mismatch: element: expected true or false, found 1 of type int64
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_YEARS = (datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999))
_NUMBERS = ("a whole number", "a number")
_INTEGER_DIGITS = 20


class Mismatch(Exception):
    """A type or value that cannot be stored unchanged; `path` leads to it from its column."""

    def __init__(self, expected: str, found: str, hint: str | None = None, path: tuple[str, ...] = ()) -> None:
        super().__init__(f"{'.'.join(path)}: expected {expected}, found {found}")
        self.expected, self.found, self.hint, self.path = expected, found, hint, path


@dataclass(frozen=True)
class Family:
    """Types that hold the same kind of values; `sources` are the other families whose values it can hold."""

    name: str
    holds: Callable[[pa.DataType], bool]
    convert: Callable[[pa.Array, pa.DataType], pa.Array]
    sources: tuple[str, ...] = ()


def family_of(type: pa.DataType) -> Family | None:
    """Return the family of a type; None if no column can have it."""
    return next((family for family in FAMILIES if family.holds(type)), None)


def convert(array: pa.Array, type: pa.DataType) -> pa.Array:
    """Return the array in that type; raises Mismatch if a value would change."""
    array = plain(array)
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), type)
    source, target = family_of(array.type), family_of(type)
    if target is None or source is None or source.name not in (target.name, *target.sources):
        raise _other_type(array, type)
    if array.type == type and target.convert in (_cast, _to_number):
        return array
    return target.convert(array, type)


def plain(array: pa.Array) -> pa.Array:
    """Return the values of an array without dictionary, runs, views, or the extension type of JSON."""
    if isinstance(array.type, pa.JsonType):
        return plain(array.storage)
    if pa.types.is_dictionary(array.type):
        return plain(array.dictionary).take(array.indices)
    if pa.types.is_run_end_encoded(array.type):
        rows = np.arange(array.offset, array.offset + len(array))
        runs = np.searchsorted(array.run_ends.to_numpy(), rows, side="right")
        return plain(array.values).take(pa.array(runs))
    if array.type in _VIEWS:
        return array.cast(_VIEWS[array.type])
    return array


def plain_type(type: pa.DataType) -> pa.DataType:
    """Return the type of the values in arrays of a type: without dictionary, runs, or the extension type of JSON."""
    if isinstance(type, pa.JsonType):
        return plain_type(type.storage_type)
    encoded = pa.types.is_dictionary(type) or pa.types.is_run_end_encoded(type)
    return plain_type(type.value_type) if encoded else type


_VIEWS = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}


def name_of(type: pa.DataType) -> str:
    """Return the words for a type in messages."""
    family = family_of(type)
    return family.name if family else str(type)


def show(value: pa.Scalar) -> str:
    """Return a value for an error message: text in quotes, cut to 80 characters."""
    text = "a value that cannot be shown"
    with suppress(pa.ArrowException, ValueError, OverflowError):  # Python does not have all times
        if not value.is_valid:
            text = "null"
        elif pa.types.is_primitive(value.type) or pa.types.is_decimal(value.type):
            text = value.cast(pa.string()).as_py()
        else:
            text = repr(value.as_py())
    return text if len(text) <= 80 else text[:77] + "..."


def _other_type(array: pa.Array, type: pa.DataType) -> Mismatch:
    shown = f"{show(array[0])} of type {array.type}" if len(array) else f"the type {array.type}"
    expected = name_of(type)
    if pa.types.is_timestamp(type) and pa.types.is_timestamp(array.type):
        expected += " with time zone" if type.tz else " without time zone"
    return Mismatch(expected, shown, hint=f"cast the column to {type} first")


def _does_not_fit(array: pa.Array, type: pa.DataType) -> Mismatch:
    return Mismatch(f"{name_of(type)} that fits {type}", show(array[0]) if len(array) else "none")


def _cast(array: pa.Array, type: pa.DataType) -> pa.Array:
    try:
        return array.cast(type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise _does_not_fit(array, type) from error


def _to_number(array: pa.Array, type: pa.DataType) -> pa.Array:
    """Return integers, floats or decimals as one another, if all are exactly equal."""
    if pa.types.is_decimal32(array.type) or pa.types.is_decimal64(array.type):  # Arrow casts only wide ones exactly
        array = array.cast(pa.decimal128(array.type.precision, array.type.scale))
    if pa.types.is_decimal(type) and pa.types.is_integer(array.type):
        return _cast(_cast(array, pa.decimal256(_INTEGER_DIGITS + type.scale, type.scale)), type)
    if pa.types.is_decimal(type) and pa.types.is_floating(array.type):
        return _by_value(array, type, Decimal)
    if pa.types.is_floating(type) and pa.types.is_decimal(array.type):
        return _by_value(array, type, float)
    if pa.types.is_floating(type):
        return _to_float(array, type)
    return _cast(array, type)


def _by_value(array: pa.Array, type: pa.DataType, number: type[Decimal] | type[float]) -> pa.Array:
    """Return the numbers in that type, each computed in Python, which compares floats and decimals exactly."""
    values = array.to_pylist()
    try:
        stored = pa.array([None if value is None else number(value) for value in values], type)
    except (pa.ArrowInvalid, OverflowError) as error:
        raise _does_not_fit(array, type) from error
    if stored.to_pylist() != values:
        raise _does_not_fit(array, type)
    return stored


def _to_float(array: pa.Array, type: pa.DataType) -> pa.Array:
    """Return numbers as floats: Arrow rounds without an error, so the floats are converted back and compared."""
    source = pa.float32() if pa.types.is_float16(array.type) else array.type
    given = array.cast(source)
    stored = given.cast(type, safe=False)
    try:
        changed = pc.not_equal(stored.cast(source), given)
    except pa.ArrowInvalid as error:
        raise _does_not_fit(array, type) from error
    if pc.any(pc.and_(changed, pc.invert(pc.is_nan(stored)))).as_py():
        raise _does_not_fit(array, type)
    return stored


def _to_time(array: pa.Array, type: pa.DataType) -> pa.Array:
    """Return timestamps or dates in the type, if they lie in the years that all tools can show."""
    if pa.types.is_timestamp(type) and bool(type.tz) != bool(getattr(array.type, "tz", None)):
        raise _other_type(array, type)
    stored = array if array.type == type else _cast(array, type)
    first, last = (pa.scalar(year.date() if pa.types.is_date(type) else year, type) for year in _YEARS)
    least, greatest = pc.min_max(stored).values()
    if pc.or_(pc.less(least, first), pc.greater(greatest, last)).as_py():
        raise Mismatch(f"{name_of(type)} in the years 1 to 9999", show(array[0]))
    return stored


def _to_list(array: pa.Array, type: pa.DataType) -> pa.Array:
    values = _convert_part("element", pc.list_flatten(array), type.value_type)
    kind = pa.LargeListArray if pa.types.is_large_list(type) else pa.ListArray
    return kind.from_arrays(_offsets(array), values, type=type, mask=array.is_null())


def _offsets(lists: pa.Array) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64())


def _to_struct(array: pa.Array, type: pa.DataType) -> pa.Array:
    names, sent = ([field.name for field in each] for each in (type, array.type))
    if sorted(names) != sorted(sent):
        hint = "a struct column keeps its fields: send exactly these, null where there is no value"
        raise Mismatch(f"a struct of {', '.join(names)}", ", ".join(sent) or "no field", hint)
    parts = dict(zip(sent, array.flatten(), strict=True))
    fields = [_convert_part(field.name, parts[field.name], field.type) for field in type]
    return pa.StructArray.from_arrays(fields, fields=list(type), mask=array.is_null())


def _to_map(array: pa.Array, type: pa.DataType) -> pa.Array:
    entry = pa.struct([pa.field("key", array.type.key_type, False), array.type.item_field.with_name("value")])
    lists = array.cast(pa.list_(entry))
    sent, values = pc.list_flatten(lists).flatten()
    offsets = _offsets(lists)
    keys = _convert_part("key", sent, type.key_type)
    _check_distinct(keys, offsets)
    items = _convert_part("value", values, type.item_type)
    return pa.MapArray.from_arrays(offsets.cast(pa.int32()), keys, items, type=type, mask=array.is_null())


def _check_distinct(keys: pa.Array, offsets: pa.Array) -> None:
    """Raise Mismatch if a map holds a key twice: readers differ on which of them counts."""
    codes = getattr(keys, "storage", keys).dictionary_encode().indices.to_numpy(zero_copy_only=False)
    of_map = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets.to_numpy()))
    if len(np.unique(np.stack([of_map, codes]), axis=1)[0]) < len(codes):
        raise Mismatch("different keys in a map", "a key twice", path=("key",))


def _convert_part(name: str, values: pa.Array, type: pa.DataType) -> pa.Array:
    """Return the converted values inside lists, structs or maps; a Mismatch names the part and its first value."""
    try:
        return convert(values, type)
    except Mismatch as mismatch:
        wrong = find_mismatch(values, type)[1] or mismatch
        raise Mismatch(wrong.expected, wrong.found, wrong.hint, (name, *wrong.path)) from mismatch


def find_mismatch(array: pa.Array, type: pa.DataType) -> tuple[int, Mismatch | None]:
    """Return the first value that cannot be converted and its Mismatch, by bisection."""
    low, high = 0, len(array)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _mismatch(array.slice(low, middle - low), type) else (middle, high)
    return low, _mismatch(array.slice(low, 1), type)


def _mismatch(array: pa.Array, type: pa.DataType) -> Mismatch | None:
    try:
        convert(array, type)
    except Mismatch as mismatch:
        return mismatch
    return None


def _is_any(tests: Sequence[Callable[[pa.DataType], bool]], type: pa.DataType) -> bool:
    return any(test(type) for test in tests)


_types = pa.types
FAMILIES = (
    Family("text", partial(_is_any, (_types.is_string, _types.is_large_string, _types.is_string_view)), _cast),
    Family("true or false", _types.is_boolean, _cast),
    Family("a whole number", _types.is_integer, _to_number, _NUMBERS),
    Family("a number", partial(_is_any, (_types.is_floating, _types.is_decimal)), _to_number, _NUMBERS),
    Family("a timestamp", _types.is_timestamp, _to_time, ("a date",)),
    Family("a date", _types.is_date, _to_time),
    Family("a time", _types.is_time, _cast),
    Family("a UUID", lambda type: isinstance(type, pa.UuidType), _cast),
    Family(
        "bytes",
        partial(
            _is_any,
            (_types.is_binary, _types.is_large_binary, _types.is_binary_view, _types.is_fixed_size_binary),
        ),
        _cast,
    ),
    Family(
        "a list",
        partial(
            _is_any,
            (
                _types.is_list,
                _types.is_large_list,
                _types.is_fixed_size_list,
                _types.is_list_view,
                _types.is_large_list_view,
            ),
        ),
        _to_list,
    ),
    Family("a struct", _types.is_struct, _to_struct),
    Family("a map", _types.is_map, _to_map),
)
