"""JSON by value: two texts of one value have the same canonical text.

Keys are sorted by code point (of duplicate keys the last counts), white space is dropped, strings are minimally escaped
and not normalised. A number is its exact decimal value, never a double: an optional `-`, its digits without leading and
trailing zeros, `e`, its exponent; `NaN`, `Infinity` and `-Infinity` stand for themselves. A text that is not JSON, that
is nested deeper than 200, or that has an exponent of more than 600 digits stays as it stands.

>>> canonical('{"b": 1.50, "a": [100, 1e2, -0.0]}')
'{"a":[1e2,1e2,0],"b":15e-1}'
"""

import json
import re
from collections.abc import Callable
from json.encoder import encode_basestring
from typing import Any

DEEPEST = 200
LONGEST_EXPONENT = 600

NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?)([0-9]+))?")
PLAIN_STRING = re.compile(r'"[^"\\\x00-\x1f]*"')
SURROGATE = re.compile("[\ud800-\udfff]")


class _Number(str):
    """The canonical text of a number inside a parsed document."""

    __slots__ = ()


class _AsItStands(ValueError):
    """The document has no canonical text of its own."""


def canonical(text: str) -> str:
    """The canonical text of a JSON document; any other text as it stands.

    >>> canonical("1e999999999"), canonical("0.10"), canonical("[1, 2"), canonical(' "a" ')
    ('1e999999999', '1e-1', '[1, 2', '"a"')
    """
    if PLAIN_STRING.fullmatch(text):
        return text
    try:
        return number(text) if NUMBER.fullmatch(text) else _written(_DECODER.decode(text), 0)
    except (ValueError, RecursionError):
        return text


def number(literal: str) -> str:
    """The exact value of a JSON number.

    >>> [number(literal) for literal in ("150", "1.5e2", "-0.0", "0.001", "1E+3")]
    ['15e1', '15e1', '0', '1e-3', '1e3']
    """
    match = NUMBER.fullmatch(literal)
    assert match
    sign, whole, fraction, exponent_sign, exponent = match.groups("")
    exponent = exponent.lstrip("0")
    if len(exponent) > LONGEST_EXPONENT:
        raise _AsItStands(literal)
    digits = whole + fraction
    significant = digits.rstrip("0")
    if not significant.lstrip("0"):
        return "0"
    power = int(exponent_sign + (exponent or "0")) - len(fraction) + len(digits) - len(significant)
    return f"{sign}{significant.lstrip('0')}e{power}"


_DECODER = json.JSONDecoder(
    parse_int=lambda literal: _Number(number(literal)),
    parse_float=lambda literal: _Number(number(literal)),
    parse_constant=_Number,
)


def _string(value: str) -> str:
    return SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", encode_basestring(value))


def _array(value: list[Any], depth: int) -> str:
    return f"[{','.join([_written(item, depth) for item in value])}]"


def _object(value: dict[str, Any], depth: int) -> str:
    return f"{{{','.join([f'{_string(key)}:{_written(value[key], depth)}' for key in sorted(value)])}}}"


_LEAVES: dict[type, Callable[[Any], str]] = {
    _Number: str,
    str: _string,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
}
_CONTAINERS: dict[type, Callable[[Any, int], str]] = {list: _array, dict: _object}


def _written(value: Any, depth: int) -> str:
    leaf = _LEAVES.get(type(value))
    if leaf:
        return leaf(value)
    if depth == DEEPEST:
        raise _AsItStands
    return _CONTAINERS[type(value)](value, depth + 1)
