"""Measures of a user's own: how alike two texts are, `measure(name, left, right) -> DOUBLE`.

A package offers them as entry points of the group `srcql.udfs`, as it does canonicalisers; the name of a measure starts
with `measure.`, and what follows is what a query calls it by. It is a function of two texts that gives a finite number,
the same for the same texts, and that several threads may call at once.

    [project.entry-points."srcql.udfs"]
    "measure.same_words" = "my_package.measures:same_words"

Each distinct pair of a chunk is asked for once; NULL when a text is NULL, without a call.
"""

import math
import numbers
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.metadata import entry_points
from typing import Any

import numpy as np
import pyarrow as pa

from udfs.pairs import Pairs
from udfs.through import GROUP, MEASURE, SHOWN, loaded

Measure = Callable[[str, str], float]


@cache
def measures() -> Mapping[str, Measure]:
    """All that are installed, by name; a package is imported when its measure is first called.

    A call raises ValueError, with name and texts, when the function cannot be had, fails, or gives no finite number.
    """
    names = (name.removeprefix(MEASURE) for name in entry_points(group=GROUP).names if name.startswith(MEASURE))
    return {name: partial(_applied, name) for name in sorted(names)}


def measure(name: str) -> Measure:
    """The one of that name; raises ValueError when there is none.

    >>> measure("backwards")
    Traceback (most recent call last):
    ValueError: unknown measure backwards: there are none
    """
    known = measures()
    if name not in known:
        raise ValueError(f"unknown measure {name}: there are {', '.join(known) or 'none'}")
    return known[name]


def measured(lefts: Any, rights: Any, name: str) -> Any:
    """Of every pair: Arrow strings -> Arrow doubles, null where a text is."""
    pairs, alike = Pairs(lefts, rights), measure(name)
    known = pairs.known
    answers = np.zeros(len(known))
    if known.any():
        texts = [text or "" for text in pairs.distinct]
        answers[known] = pairs.ask(
            known, lambda left, right: [alike(texts[i], texts[j]) for i, j in zip(left, right, strict=True)]
        )
    return pa.array(answers, mask=~known)


def _applied(name: str, left: str, right: str) -> float:
    try:
        answer = loaded(MEASURE + name)(left, right)
    except Exception as error:
        raise _failed(name, f"raised {type(error).__name__}: {error}", left, right) from error
    if isinstance(answer, bool) or not isinstance(answer, numbers.Real) or not math.isfinite(answer):
        raise _failed(name, f"gave {answer!r:.80} instead of a finite number", left, right)
    return float(answer)


def _failed(name: str, how: str, left: str, right: str) -> ValueError:
    shown = (text[:SHOWN] + "…" * (len(text) > SHOWN) for text in (left, right))
    return ValueError(f"measure {name} {how}, for the texts {' and '.join(shown)}")
