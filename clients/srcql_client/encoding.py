"""The text of a Python value as an output or as inputs: equal values have equal texts, on every machine.

| value | text |
|---|---|
| None, booleans, text, integers, lists, tuples, ranges | JSON; text keeps its characters |
| floats | their shortest digits, `NaN`, `Infinity` or `-Infinity` |
| `Decimal` | its digits |
| dictionaries | an object, sorted by key; a key that is not text is the text of its value |
| sets | an array, sorted by the texts of the elements |
| data classes | an object with the fields as keys |
| members of an `Enum` | their name |
| bytes | hexadecimal digits |
| dates, times | ISO 8601 |
| other scalars of the standard library: `timedelta`, `Fraction`, `complex`, `UUID`, paths | `str(value)` |
| arrays and scalars of NumPy | as the values of `tolist()` |
| exceptions | `$EXCEPTION@class@message` |
| anything else, values that contain it, and cycles | `$UNSERIALIZABLE@type`: not observable |
"""

import dataclasses
import json
import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from json.encoder import encode_basestring
from pathlib import PurePath
from typing import Any
from uuid import UUID

_SURROGATE = re.compile("[\ud800-\udfff]")


def encode(value: object) -> str:
    """Return the text of a value for the columns `output` and `inputs`; see the table above.

    >>> encode([1, 0.5, "é", None]), encode({"b": {2, 1}, "a": (True,)})
    ('[1, 0.5, "é", null]', '{"a": [true], "b": [1, 2]}')
    >>> encode(float("nan")), encode(ValueError("no")), encode(object())
    ('NaN', '$EXCEPTION@ValueError@no', '$UNSERIALIZABLE@object')
    """
    try:
        text = _exception(value) if isinstance(value, BaseException) else _write(value)
    except _UnserializableError as error:
        text = f"$UNSERIALIZABLE@{error}"
    except Exception:  # RecursionError for a cycle; any error of a class of the program that is observed
        text = f"$UNSERIALIZABLE@{type(value).__name__}"
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)  # UTF-8 has none


class _UnserializableError(Exception):
    """A value has no text; the message is its type."""


def _write(value: object) -> str:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _object({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    for kinds, write in _WRITERS:
        if isinstance(value, kinds):
            return write(value)
    if type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "tolist"):
        return _write(value.tolist())
    raise _UnserializableError(type(value).__name__)


def _exception(error: BaseException) -> str:
    try:
        message = str(error)
    except Exception:
        message = ""
    return f"$EXCEPTION@{type(error).__name__}@{message}"


def _integer(value: int) -> str:
    try:
        return int.__repr__(value)
    except ValueError:  # Python limits the digits of an integer's text
        return str(Decimal(value))


def _float(value: float) -> str:
    if math.isfinite(value):
        return float.__repr__(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _decimal(value: Decimal) -> str:
    return str(value) if value.is_finite() else "NaN" if value.is_nan() else _float(float(value))


def _string(value: object) -> str:
    return encode_basestring(str(value))


def _array(values: Iterable[object]) -> str:
    return f"[{', '.join(map(_write, values))}]"


def _set(values: Set[object]) -> str:
    return f"[{', '.join(sorted(map(_write, values)))}]"


def _object(value: Mapping[Any, object]) -> str:
    texts = {_key(key): item for key, item in value.items()}
    if len(texts) < len(value):  # 1 and "1"
        raise _UnserializableError(type(value).__name__)
    return f"{{{', '.join(f'{_string(key)}: {_write(texts[key])}' for key in sorted(texts))}}}"


def _key(key: object) -> str:
    text = _write(key)
    return str(json.loads(text)) if text.startswith('"') else text


# The first that fits: members of an Enum can be integers or texts, booleans are integers, and datetimes are dates.
_WRITERS: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (type(None), lambda _: "null"),
    (bool, lambda value: "true" if value else "false"),
    (Enum, lambda value: _string(value.name)),
    (str, _string),
    (int, _integer),
    (float, _float),
    (Decimal, _decimal),
    (Mapping, _object),
    (Set, _set),
    ((list, tuple, range, deque), _array),
    ((bytes, bytearray), lambda value: _string(value.hex())),
    ((datetime, date, time), lambda value: _string(value.isoformat())),
    ((timedelta, Fraction, complex, UUID, PurePath), _string),
    (BaseException, lambda value: _string(_exception(value))),
)
