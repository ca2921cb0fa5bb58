"""Responses made comparable: `canonical_response(output, equality)`, `response_key(output, equality)`.

The canonical response (VARCHAR) is the kind. For VALUE, EXCEPTION and REF, U+001F and the canonical text follow: JSON
by value, an exception's class (`class@message` with EXCEPTIONS MESSAGE, nothing with ANY), the row of a REF. Under
EXACT the output itself follows, whatever its kind, unless it is SQL NULL. The key (BIGINT) is the first 8 bytes of the
SHA-256 of that text in UTF-8, as a signed big-endian integer. Neither is ever NULL: SQL NULL is an NA response.
"""

import hashlib
from collections.abc import Callable

import pyarrow as pa

from udfs.columns import Column, map_distinct
from udfs.kind import REF, exception_class, exception_message, kind_of
from udfs.using import Using, parse_using

ALGORITHM_VERSION = 1
SEPARATOR = "\x1f"

_EXCEPTION_TEXT: dict[str | None, Callable[[str], str]] = {
    "TYPE": lambda output: exception_class(output) or "",
    "MESSAGE": lambda output: f"{exception_class(output)}@{exception_message(output)}",
    "ANY": lambda _: "",
}


def _ref_row(output: str) -> str:
    match = REF.fullmatch(output)
    assert match
    return match[1].lstrip("0") or "0"


def response_text(output: str | None, using: Using) -> str:
    """Return the text that equal responses share.

    >>> response_text("$CUT@Stack@0", Using()).split(SEPARATOR)
    ['REF', '0']
    >>> response_text("1.0", Using(exact=True)).split(SEPARATOR)
    ['VALUE', '1.0']
    """
    kind = kind_of(output)
    if output is None:
        return kind
    if kind == "EXCEPTION" and using.exceptions:
        return kind + SEPARATOR + _EXCEPTION_TEXT[using.exceptions](output)
    if using.exact:
        return kind + SEPARATOR + output
    if kind == "VALUE":
        return kind + SEPARATOR + using.canonical(output)
    return kind + SEPARATOR + _ref_row(output) if kind == "REF" else kind


def key_of(text: str) -> int:
    """Return the digest of a response text.

    >>> key_of("NULL")
    -346055891100056158
    """
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def _parse_class_equality(using: str | None) -> Using:
    equality = parse_using(using)
    if equality.tolerance:
        raise ValueError("expected an equality that makes classes, found TOLERANCE: use response_equal")
    return equality


def kinds(outputs: Column) -> pa.StringArray:
    """Return the kind of every output, without nulls."""
    return map_distinct(outputs, kind_of, pa.string())


def texts(outputs: Column, using: str | None = None) -> pa.StringArray:
    """Return the canonical response of every output, without nulls."""
    equality = _parse_class_equality(using)
    return map_distinct(outputs, lambda output: response_text(output, equality), pa.string())


def keys(outputs: Column, using: str | None = None) -> pa.Int64Array:
    """Return the key of every response, without nulls.

    >>> keys(pa.array(["1", "1.0", None])).to_pylist()[:2]
    [-4900423523777951020, -4900423523777951020]
    """
    equality = _parse_class_equality(using)
    return map_distinct(outputs, lambda output: key_of(response_text(output, equality)), pa.int64())
