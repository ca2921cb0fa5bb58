"""Canonicalisers that users provide: `USING THROUGH name` passes a VALUE through one before it is compared.

A package provides them as entry points of the group `srcql.udfs`: functions of one text that return a text (see
`plugins.py`).

    [project.entry-points."srcql.udfs"]
    sorted_lines = "my_package.responses:sorted_lines"
"""

import re
from collections.abc import Callable, Mapping
from functools import cache

from udfs.plugins import MEASURE, Plugin, choose, entries

Canonicaliser = Callable[[str], str]

KIND = "canonicaliser"
SURROGATE = re.compile("[\ud800-\udfff]")


@cache
def canonicalisers() -> Mapping[str, Canonicaliser]:
    """Return all installed canonicalisers by name; a call imports the package."""
    names = (entry for entry in entries() if not entry.startswith(MEASURE))
    return {name: Plugin(KIND, name, name, "text", _text) for name in names}


def canonicaliser(name: str) -> Canonicaliser:
    """Return the canonicaliser of that name; raise ValueError if it is not installed.

    >>> canonicaliser("backwards")
    Traceback (most recent call last):
    ValueError: unknown canonicaliser backwards; installed: none
    """
    return choose(KIND, name, canonicalisers())


def _text(returned: object) -> str | None:
    return returned if isinstance(returned, str) and not SURROGATE.search(returned) else None
