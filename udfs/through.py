"""Canonicalisers of a user's own: what `USING THROUGH name` sends a VALUE through before it is compared.

A package offers them as entry points of the group `srcql.udfs`: functions of one text that give a text, the same for
the same text, and that several threads may call at once. (A name that starts with `measure.` is that of a measure.)

    [project.entry-points."srcql.udfs"]
    sorted_lines = "my_package.responses:sorted_lines"
"""

import re
import reprlib
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.metadata import entry_points
from typing import Any

Canonicaliser = Callable[[str], str]

GROUP = "srcql.udfs"
MEASURE = "measure."
SHOWN = 80
SURROGATE = re.compile("[\ud800-\udfff]")


@cache
def canonicalisers() -> Mapping[str, Canonicaliser]:
    """All that are installed, by name; a package is imported when its canonicaliser is first called.

    A call raises ValueError, with the name and the text, when the function cannot be had, fails, or gives no text.
    """
    names = (name for name in entry_points(group=GROUP).names if not name.startswith(MEASURE))
    return {name: partial(_applied, name) for name in sorted(names)}


def canonicaliser(name: str) -> Canonicaliser:
    """The one of that name; raises ValueError when there is none.

    >>> canonicaliser("backwards")
    Traceback (most recent call last):
    ValueError: unknown canonicaliser backwards: there are none
    """
    known = canonicalisers()
    if name not in known:
        raise ValueError(f"unknown canonicaliser {name}: there are {', '.join(known) or 'none'}")
    return known[name]


def _applied(name: str, text: str) -> str:
    try:
        answer = loaded(name)(text)
    except Exception as error:
        raise _failed(name, f"raised {type(error).__name__}: {error}", text) from error
    if not isinstance(answer, str) or SURROGATE.search(answer):
        raise _failed(name, f"gave {reprlib.repr(answer)} instead of a text", text)
    return answer


def _failed(name: str, how: str, text: str) -> ValueError:
    return ValueError(f"canonicaliser {name} {how}, for the output {text[:SHOWN]}{'…' * (len(text) > SHOWN)}")


@cache
def loaded(name: str) -> Any:
    """The function of an entry point; raises what its package raises, and LookupError when several offer it."""
    offered = {entry.value: entry for entry in entry_points(group=GROUP, name=name)}
    if len(offered) > 1:
        raise LookupError(f"several packages offer it: {', '.join(sorted(offered))}")
    return next(iter(offered.values())).load()
