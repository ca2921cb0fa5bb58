"""Similarity measures that users provide: `measure(name, left, right) -> DOUBLE`.

A package provides them as entry points of the group `srcql.udfs` (see `plugins.py`). The name starts with `measure.`,
and a query uses the rest of it. A measure is a function of two texts that returns a finite number.

    [project.entry-points."srcql.udfs"]
    "measure.same_words" = "my_package.measures:same_words"

It is called once for each distinct pair of a chunk. NULL if a text is NULL; the measure is not called then.
"""

import math
import numbers
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import pyarrow as pa

from udfs.columns import Column
from udfs.pairs import Pairs
from udfs.plugins import MEASURE, Plugin, choose, entries

Measure = Callable[[str, str], float]

KIND = "measure"


@cache
def measures() -> Mapping[str, Measure]:
    """Return all installed measures by name; a call imports the package."""
    names = (entry.removeprefix(MEASURE) for entry in entries() if entry.startswith(MEASURE))
    return {name: Plugin(KIND, name, MEASURE + name, "a finite number", _finite) for name in names}


def measure(name: str) -> Measure:
    """Return the measure of that name; raise ValueError if it is not installed.

    >>> measure("backwards")
    Traceback (most recent call last):
    ValueError: unknown measure backwards; installed: none
    """
    return choose(KIND, name, measures())


def measure_pairs(lefts: Column, rights: Column, name: str) -> pa.Array:
    """Return the measure of every pair of strings as doubles; null where a text is null."""
    pairs, similarity = Pairs(lefts, rights), measure(name)
    known = pairs.known
    results = np.zeros(len(known))
    if known.any():
        texts = [text or "" for text in pairs.distinct]
        results[known] = pairs.apply(
            known, lambda left, right: [similarity(texts[i], texts[j]) for i, j in zip(left, right, strict=True)]
        )
    return pa.array(results, mask=~known)


def _finite(returned: object) -> float | None:
    if isinstance(returned, bool) or not isinstance(returned, numbers.Real):
        return None
    number = float(returned)
    return number if math.isfinite(number) else None
