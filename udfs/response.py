"""Responses made comparable: `canonical_response(output, equality)`, `response_key(output, equality)`.

The canonical response (VARCHAR) is the kind, followed for VALUE, EXCEPTION and REF by U+001F and the canonical text:
JSON by value, an exception's class (`class@message` with EXCEPTIONS MESSAGE, nothing with ANY), the row of a REF. Under
EXACT every output but SQL NULL is followed by itself. The key (BIGINT) is the first 8 bytes of the SHA-256 of that text
in UTF-8, a signed big-endian integer. Neither is ever NULL: SQL NULL is an NA response.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from udfs.kind import REF, exception_class, exception_message, kind_of
from udfs.using import Using, parse_using

ALGORITHM_VERSION = 1
SEPARATOR = "\x1f"

_EXCEPTION_TEXT: dict[str | None, Callable[[str], str]] = {
    "TYPE": lambda output: exception_class(output) or "",
    "MESSAGE": lambda output: f"{exception_class(output)}@{exception_message(output)}",
    "ANY": lambda _: "",
}


def _ref(output: str) -> str:
    match = REF.fullmatch(output)
    assert match
    return match[1].lstrip("0") or "0"


def response_text(output: str | None, using: Using) -> str:
    """The text that two equal responses share.

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
    return kind + SEPARATOR + _ref(output) if kind == "REF" else kind


def key_of(text: str) -> int:
    """The digest of one response text.

    >>> key_of("NULL")
    -346055891100056158
    """
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def codes(outputs: Any) -> tuple[list[str | None], Any]:
    """The distinct outputs, SQL NULL as the last, and the place of each output among them: Arrow strings -> numpy."""
    if isinstance(outputs, pa.ChunkedArray):
        outputs = outputs.combine_chunks()
    encoded = outputs if pa.types.is_dictionary(outputs.type) else outputs.dictionary_encode()
    distinct = [*encoded.dictionary.to_pylist(), None]
    return distinct, encoded.indices.fill_null(len(distinct) - 1).to_numpy(zero_copy_only=False)


def over_distinct(outputs: Any, function: Callable[[str | None], Any], result: Any) -> Any:
    """The function of every output, asked once for each distinct one; Arrow strings -> an Arrow array of `result`."""
    distinct, places = codes(outputs)
    return pa.array([function(output) for output in distinct], result).take(pa.array(places))


def _of_classes(using: str | None) -> Using:
    equality = parse_using(using)
    if equality.tolerance:
        raise ValueError(
            "expected an equality that makes classes of responses, found TOLERANCE: response_equal takes it"
        )
    return equality


def kinds(outputs: Any) -> Any:
    """The kind of every output: Arrow strings -> Arrow strings, without nulls."""
    return over_distinct(outputs, kind_of, pa.string())


def texts(outputs: Any, using: str | None = None) -> Any:
    """The canonical response of every output: Arrow strings -> Arrow strings, without nulls."""
    equality = _of_classes(using)
    return over_distinct(outputs, lambda output: response_text(output, equality), pa.string())


def keys(outputs: Any, using: str | None = None) -> Any:
    """The key of every response: Arrow strings -> Arrow int64, without nulls.

    >>> keys(pa.array(["1", "1.0", None])).to_pylist()[:2]
    [-4900423523777951020, -4900423523777951020]
    """
    equality = _of_classes(using)
    return over_distinct(outputs, lambda output: key_of(response_text(output, equality)), pa.int64())
