"""The type in which a new column is stored: the narrowest type of Iceberg that holds all values of an Arrow type.

>>> str(stored_type(pa.uint16())), str(stored_type(pa.list_(pa.dictionary(pa.int8(), pa.string()))))
('int32', 'list<element: string>')
"""

from collections.abc import Callable, Iterable

import pyarrow as pa

from lakehouse.write.conversions import Mismatch, family_of, plain_type
from srcql.schema import GIVEN_BY_VERBS

MAX_DEPTH = 16
MAX_DIGITS = 38
MAX_NAME_BYTES = 255
_HINTS = {
    "null": "cast the column to the type of its later values",
    "duration": "send a number, and say its unit in the name of the column",
    "month_day_nano_interval": "send numbers of months, days and nanoseconds",
    "struct": "use another column, or text with JSON",
}


def is_usable(name: str) -> bool:
    """Return whether queries and all readers can use a name: of a column, or of a field of a struct.

    >>> is_usable("Content-Type"), is_usable("a.b"), is_usable("")
    (True, False, False)
    """
    return 0 < len(name.encode(errors="replace")) <= MAX_NAME_BYTES and name.isprintable() and "." not in name


def is_usable_column(name: str) -> bool:
    """Return whether a column can have that name."""
    return is_usable(name) and not name.startswith("__") and name.lower() not in GIVEN_BY_VERBS


def stored_type(type: pa.DataType, depth: int = MAX_DEPTH) -> pa.DataType:
    """Return the type that stores all values of a type; raises Mismatch if there is none."""
    type = plain_type(type)
    family = family_of(type)
    if not depth:
        raise _unsupported(f"at most {MAX_DEPTH} levels of lists, structs and maps", "more")
    if family is None:
        raise _unsupported("a type that Iceberg supports", str(type))
    return _STORED[family.name](type, depth - 1)


def _unsupported(expected: str, found: str, hint: str | None = None) -> Mismatch:
    kind = found.partition("[")[0]
    return Mismatch(expected, found, hint=hint or _HINTS.get(kind, "cast the column first"))


def _whole_number(type: pa.DataType, _: int) -> pa.DataType:
    return pa.int32() if type == pa.int32() or type.bit_width < 32 else pa.int64()


def _number(type: pa.DataType, _: int) -> pa.DataType:
    if pa.types.is_floating(type):
        return pa.float64() if pa.types.is_float64(type) else pa.float32()
    digits = max(type.precision - min(type.scale, 0), type.scale)
    if digits > MAX_DIGITS:
        raise _unsupported(f"a decimal of at most {MAX_DIGITS} digits", str(type), "cast the column to text")
    return pa.decimal128(digits, max(type.scale, 0))


def _bytes(type: pa.DataType, _: int) -> pa.DataType:
    return type if pa.types.is_fixed_size_binary(type) and type.byte_width else pa.binary()


def _struct(type: pa.DataType, depth: int) -> pa.DataType:
    _check_fields(field.name for field in type)
    return pa.struct([pa.field(field.name, _part(field.name, field.type, depth)) for field in type])


def _check_fields(names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if not is_usable(name):
            hint = f"use names of letters, digits and _, of at most {MAX_NAME_BYTES} bytes"
            raise _unsupported("a struct with usable names", f"the field {name[:80]!r}", hint)
        if name.lower() in seen:
            hint = "use names that differ not only by case"
            raise _unsupported("a struct with different names", f"the fields {seen[name.lower()]} and {name}", hint)
        seen[name.lower()] = name
    if not seen:
        raise _unsupported("a struct with fields", "a struct without fields")


def _map(type: pa.DataType, depth: int) -> pa.DataType:
    key = _part("key", type.key_type, depth)
    if pa.types.is_nested(key) or pa.types.is_floating(key):
        raise _unsupported("map keys of text, whole numbers, times or bytes", str(type.key_type))
    return pa.map_(key, _part("value", type.item_type, depth))


def _part(name: str, type: pa.DataType, depth: int) -> pa.DataType:
    try:
        return stored_type(type, depth)
    except Mismatch as error:
        raise Mismatch(error.expected, error.found, error.hint, (name, *error.path)) from error


_STORED: dict[str, Callable[[pa.DataType, int], pa.DataType]] = {
    "text": lambda _type, _depth: pa.string(),
    "true or false": lambda type, _depth: type,
    "a whole number": _whole_number,
    "a number": _number,
    "a timestamp": lambda type, _depth: pa.timestamp("us", "UTC" if type.tz else None),
    "a date": lambda _type, _depth: pa.date32(),
    "a time": lambda _type, _depth: pa.time64("us"),
    "a UUID": lambda type, _depth: type,
    "bytes": _bytes,
    "a list": lambda type, depth: pa.list_(pa.field("element", _part("element", type.value_type, depth))),
    "a struct": _struct,
    "a map": _map,
}
