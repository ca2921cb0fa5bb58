"""Equality of responses: kinds, canonical texts, keys.

>>> canonical("150", Using()), canonical("1.5e2", Using()), canonical("-0.0", Using(typed=True))
('15e1', '15e1', '0f')
"""

import hashlib
import json
import re
from typing import Any, NamedTuple

from tests.model.statement import Every, Path, Using

SEPARATOR = "\x1f"
DEEPEST = 200
LONGEST_EXPONENT = 600
WHITE = " \t\n\r"
TOKENS = {"$N/A": "NA", "_TOOLONG_": "NA", "_NOT_EXECUTED_": "NA", "$*": "UNDEFINED", "_NA_": "UNDEFINED"}
NOT_OBSERVABLE = ("$NOTEXECUTED@", "$UNSERIALIZABLE@")
REF = re.compile(r"\$CUT@.*@([0-9]+)", re.DOTALL)


class Number(NamedTuple):
    """A number literal by its text, including NaN and the infinities."""

    text: str


def kind(output: str | None) -> str:
    if output is None or output.startswith(NOT_OBSERVABLE):
        return "NA"
    if output in TOKENS:
        return TOKENS[output]
    if output.startswith("$EXCEPTION@"):
        return "EXCEPTION"
    if REF.fullmatch(output):
        return "REF"
    return "NULL" if output.strip(WHITE) == "null" else "VALUE"


def row_of_ref(output: str | None) -> str | None:
    """Return the row of a handle's object, in decimal."""
    found = REF.fullmatch(output or "")
    return (found[1].lstrip("0") or "0") if found else None


def response_text(output: str | None, using: Using) -> str:
    """Return the text that equal responses share."""
    what = kind(output)
    exact = using.base == "EXACT"
    if output is None:
        return what
    if what == "EXCEPTION" and (using.exceptions or not exact):
        return what + SEPARATOR + _exception(output, using.exceptions or "TYPE")
    if exact:
        return what + SEPARATOR + output
    if what == "REF":
        return what + SEPARATOR + (row_of_ref(output) or "")
    return what + SEPARATOR + canonical(output, using) if what == "VALUE" else what


def response_key(text: str) -> int:
    """Return the 64-bit key of a response text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def _exception(output: str, by: str) -> str:
    name, _, message = output.removeprefix("$EXCEPTION@").partition("@")
    return {"TYPE": name, "MESSAGE": f"{name}@{message}", "ANY": ""}[by]


def canonical(output: str, using: Using) -> str:
    """Return JSON by value, any other text unchanged."""
    value = read(output)
    return output if value is UNREADABLE else _write(without(value, using.ignore), using)


UNREADABLE = object()


def read(output: str) -> Any:
    """Parse JSON into dicts, lists, texts, Numbers, True, False and None."""
    try:
        value = json.loads(output, parse_int=_number, parse_float=_number, parse_constant=Number)
    except (ValueError, RecursionError):
        return UNREADABLE
    return value if _depth(value) <= DEEPEST else UNREADABLE


def _depth(value: Any) -> int:
    if isinstance(value, (dict, list)):
        return 1 + max(map(_depth, value.values() if isinstance(value, dict) else value), default=0)
    return 0


def _number(text: str) -> Number:
    if len(_exponent(text).lstrip("+-")) > LONGEST_EXPONENT:
        raise ValueError(text)
    return Number(text)


def _exponent(text: str) -> str:
    return text.lower().partition("e")[2]


def without(value: Any, paths: tuple[Path, ...]) -> Any:
    """Return a value without the parts at these paths; array positions count in the whole value."""
    if isinstance(value, dict):
        inner = {key: _below(paths, key, Every.MEMBER) for key in value}
        return {key: without(part, inner[key]) for key, part in value.items() if () not in inner[key]}
    if isinstance(value, list):
        below = [_below(paths, place, Every.ELEMENT) for place in range(len(value))]
        return [without(part, rest) for part, rest in zip(value, below, strict=True) if () not in rest]
    return value


def _below(paths: tuple[Path, ...], name: str | int, every: Every) -> tuple[Path, ...]:
    return tuple(path[1:] for path in paths if path and path[0] in (name, every))


def _write(value: Any, using: Using) -> str:
    if isinstance(value, Number):
        return _decimal(value.text, using)
    if isinstance(value, dict):
        members = (f"{_text(key)}:{_write(value[key], using)}" for key in sorted(value))
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        elements = [_write(element, using) for element in value]
        return "[" + ",".join(sorted(elements) if using.unordered else elements) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(value: str) -> str:
    """Escape only what must be escaped: quotes, backslashes, control characters and unpaired surrogates."""
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", json.dumps(value, ensure_ascii=False))


def _decimal(text: str, using: Using) -> str:
    """Return the exact value of a literal: digits, e, exponent."""
    if text.endswith(("NaN", "Infinity")):
        return text
    mantissa, _, exponent = text.lower().partition("e")
    whole, point, fraction = mantissa.removeprefix("-").partition(".")
    digits, power = _rounded((whole + fraction).lstrip("0"), using.digits)
    stripped = digits.rstrip("0")
    power += int(exponent or 0) - len(fraction) + len(digits) - len(stripped)
    mark = "f" if using.typed and (point or exponent) else ""
    return f"{'-' * text.startswith('-')}{stripped}e{power}{mark}" if stripped else f"0{mark}"


def _rounded(digits: str, to: int | None) -> tuple[str, int]:
    """Round digits half to even, and return them with the power of ten that was cut off."""
    if to is None or len(digits) <= to:
        return digits, 0
    kept, cut = int(digits[:to]), digits[to:]
    half = "5" + "0" * (len(cut) - 1)
    up = cut > half or (cut == half and kept % 2 == 1)
    return str(kept + up), len(cut)
