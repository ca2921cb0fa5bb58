"""Equality of two outputs: `response_equal(left, right, equality)`, never NULL.

Outputs with the same response text are equal, under every equality. With TOLERANCE, two VALUEs are also equal if they
differ only in numbers that are close (`tolerance.py`). Each distinct output of a chunk is read once and each distinct
pair is compared once; two identical outputs are neither read nor compared.
"""

from functools import cache

import numpy as np
import pyarrow as pa

from udfs.columns import Column
from udfs.kind import kind_of
from udfs.pairs import Pairs
from udfs.response import response_text
from udfs.tolerance import Structure
from udfs.using import Using, parse_using


def equal(lefts: Column, rights: Column, using: str | None = None) -> pa.BooleanArray:
    """Return whether each left output is the same response as the right one, without nulls.

    >>> equal(pa.array(["1", "[1]", None]), pa.array(["1.0", "[1.1]", "$N/A"])).to_pylist()
    [True, False, True]
    >>> equal(pa.array(["[1]", "1"]), pa.array(["[1.1]", "1.2"]), "TOLERANCE 0.1").to_pylist()
    [True, False]
    """
    equality = parse_using(using)
    pairs = Pairs(lefts, rights)
    compare = _Comparison(pairs.distinct, equality)
    same = pairs.left == pairs.right
    different = np.flatnonzero(~same)
    if len(different):
        same[different] = pairs.apply(different, lambda left, right: list(map(compare, left, right)))
    return pa.array(same)


class _Comparison:
    """Compares distinct outputs by their indices; reads each output once."""

    def __init__(self, distinct: list[str | None], using: Using) -> None:
        self._tolerance = using.tolerance
        self._text = cache(lambda index: response_text(distinct[index], using))
        self._structure = cache(lambda index: _structure(distinct[index], using))

    def __call__(self, left: int, right: int) -> bool:
        if self._text(left) == self._text(right):
            return True
        if self._tolerance is None:
            return False
        ours, theirs = self._structure(left), self._structure(right)
        return ours is not None and theirs is not None and self._tolerance.is_close(ours, theirs)


def _structure(output: str | None, using: Using) -> Structure | None:
    return using.structure(output) if output is not None and kind_of(output) == "VALUE" else None
