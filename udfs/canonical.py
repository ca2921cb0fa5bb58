"""JSON by value: texts of the same value have the same canonical text.

Keys are sorted by code point (the last of duplicate keys counts), white space is removed, strings are minimally escaped
and not normalised, numbers are exact decimal values (`number.py`); `NaN`, `Infinity` and `-Infinity` stay. A text that
is not JSON, is nested deeper than 200, or has an exponent of more than 600 digits is returned unchanged, whatever the
options: options apply to values.

>>> canonical('{"b": 1.50, "a": [100, 1e2, -0.0]}')
'{"a":[1e2,1e2,0],"b":15e-1}'
>>> Canonical(unordered=True)("[3, [2, 1], 3]")
'[3e0,3e0,[1e0,2e0]]'
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from json.encoder import encode_basestring
from typing import Any

from udfs.number import NUMBER, number
from udfs.paths import Path, without

MAX_DEPTH = 200

PLAIN_STRING = re.compile(r'"[^"\\\x00-\x1f]*"')
SURROGATE = re.compile("[\ud800-\udfff]")


class _Number(str):
    """The canonical text of a number in a parsed document."""

    __slots__ = ()


class Canonical:
    """Converts a text to its canonical text, with the JSON options of CANONICAL."""

    def __init__(
        self, digits: int | None = None, unordered: bool = False, typed: bool = False, ignore: tuple[Path, ...] = ()
    ) -> None:
        self._number = partial(number, digits=digits, typed=typed) if digits or typed else number
        self._containers = UNORDERED if unordered else ORDERED
        self._ignore = ignore
        self._decoder = json.JSONDecoder(
            parse_int=lambda literal: _Number(self._number(literal)),
            parse_float=lambda literal: _Number(self._number(literal)),
            parse_constant=_Number,
        )

    def __call__(self, text: str) -> str:
        """Return the canonical text of a JSON document, any other text unchanged.

        >>> canonical("1e999999999"), canonical("0.10"), canonical("[1, 2"), canonical(' "a" ')
        ('1e999999999', '1e-1', '[1, 2', '"a"')
        """
        document = self.document(text)
        return text if document is None else document

    def document(self, text: str) -> str | None:
        """Return the canonical text of a JSON document, None for any other text."""
        if PLAIN_STRING.fullmatch(text):
            return text
        try:
            return self._number(text) if NUMBER.fullmatch(text) else self._document(text)
        except (ValueError, RecursionError):
            return None

    def _document(self, text: str) -> str:
        value = self._decoder.decode(text)
        whole = _write(value, 0, self._containers)  # the depth limit applies before parts are removed
        return _write(without(value, self._ignore), 0, self._containers) if self._ignore else whole


def _string(value: str) -> str:
    return SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", encode_basestring(value))


Containers = Mapping[type, Callable[[Any, int, Any], str]]


def _array(value: list[Any], depth: int, containers: Containers) -> str:
    return f"[{','.join([_write(item, depth, containers) for item in value])}]"


def _multiset(value: list[Any], depth: int, containers: Containers) -> str:
    return f"[{','.join(sorted([_write(item, depth, containers) for item in value]))}]"


def _object(value: dict[str, Any], depth: int, containers: Containers) -> str:
    return f"{{{','.join([f'{_string(key)}:{_write(value[key], depth, containers)}' for key in sorted(value)])}}}"


ORDERED: Containers = {list: _array, dict: _object}
UNORDERED: Containers = {list: _multiset, dict: _object}
LEAVES: Mapping[type, Callable[[Any], str]] = {
    _Number: str,
    str: _string,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
}


def _write(value: Any, depth: int, containers: Containers) -> str:
    leaf = LEAVES.get(type(value))
    if leaf:
        return leaf(value)
    if depth == MAX_DEPTH:
        raise ValueError(f"expected at most {MAX_DEPTH} levels, found more")
    return containers[type(value)](value, depth + 1, containers)


canonical = Canonical()
