"""Whether two outputs are one response: `response_equal(left, right, equality)`, never NULL.

Two outputs of one response text are equal, under every equality. TOLERANCE looks further: two VALUEs are also equal
when they differ only in numbers that are close (`tolerance.py`). Each distinct output of a chunk is read once, each
distinct pair of them compared once, and neither when the two are the same text.
"""

from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from udfs.kind import kind_of
from udfs.pairs import Pairs
from udfs.response import response_text
from udfs.tolerance import Structure
from udfs.using import Using, parse_using


def equal(lefts: Any, rights: Any, using: str | None = None) -> Any:
    """Whether each left output is the same response as the right one: Arrow strings -> Arrow booleans, without nulls.

    >>> equal(pa.array(["1", "[1]", None]), pa.array(["1.0", "[1.1]", "$N/A"])).to_pylist()
    [True, False, True]
    >>> equal(pa.array(["[1]", "1"]), pa.array(["[1.1]", "1.2"]), "TOLERANCE 0.1").to_pylist()
    [True, False]
    """
    equality = parse_using(using)
    pairs = Pairs(lefts, rights)
    compared = _Compared(pairs.distinct, equality)
    same = pairs.left == pairs.right
    apart = np.flatnonzero(~same)
    if len(apart):
        same[apart] = pairs.ask(apart, lambda left, right: list(map(compared, left, right)))
    return pa.array(same)


class _Compared:
    """Pairs of distinct outputs, by their places; what an output says is read once."""

    def __init__(self, distinct: list[str | None], using: Using) -> None:
        self._tolerance = using.tolerance
        self._text = cache(lambda place: response_text(distinct[place], using))
        self._structure = cache(lambda place: _structure(distinct[place], using))

    def __call__(self, left: int, right: int) -> bool:
        if self._text(left) == self._text(right):
            return True
        if self._tolerance is None:
            return False
        ours, theirs = self._structure(left), self._structure(right)
        return ours is not None and theirs is not None and self._tolerance.close(ours, theirs)


def _structure(output: str | None, using: Using) -> Structure | None:
    return using.structure(output) if output is not None and kind_of(output) == "VALUE" else None
