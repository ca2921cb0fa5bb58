"""The environment variables that the server, the command line and the Python client read in the same way."""

import difflib
import json
import os
from collections.abc import Iterable, Iterator

from srcql.errors import StoreError

PREFIX = "SRCQL_"
CATALOG = "SRCQL_CATALOG"
CLIENT_VARIABLES = frozenset(
    f"{PREFIX}{name}"
    for name in (
        "SERVER",
        "WAREHOUSE",
        "CATALOG",
        "USER",
        "PASSWORD",
        "TOKEN",
        "TLS_ROOTS",
        "CLIENT_CERT",
        "CLIENT_KEY",
    )
)


def catalog_properties() -> dict[str, str] | None:
    """Return the properties of the PyIceberg catalog that SRCQL_CATALOG selects, None if it is not set.

    Raises StoreError if it is not a JSON object of texts.
    """
    text = os.environ.get(CATALOG)
    try:
        return parse_catalog(text) if text else None
    except ValueError:
        raise StoreError(f"expected {CATALOG} to be a JSON object of texts, found {text!r}") from None


def parse_catalog(text: str) -> dict[str, str]:
    """Return the properties in a JSON object; ValueError for anything else.

    >>> parse_catalog('{"type": "rest", "uri": "http://127.0.0.1:8181"}')
    {'type': 'rest', 'uri': 'http://127.0.0.1:8181'}
    """
    found = json.loads(text)
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError(text)
    return found


def unknown_variables(known: Iterable[str]) -> Iterator[str]:
    """Yield a warning for each variable of the environment that has our prefix and no meaning."""
    names = CLIENT_VARIABLES | set(known)
    for name in sorted(name for name in os.environ if name.startswith(PREFIX) and name not in names):
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"\n  hint: did you mean {near[0]}?" if near else ""
        yield f"unknown environment variable {name} is ignored{hint}"
