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
from udfs.response import codes, response_text
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
    distinct, places = codes(pa.chunked_array([*_chunks(lefts), *_chunks(rights)], pa.string()))
    left, right = places[: len(lefts)].astype(np.int64), places[len(lefts) :].astype(np.int64)
    same = left == right
    apart = np.flatnonzero(~same)
    pairs, of_pair = np.unique(left[apart] * len(distinct) + right[apart], return_inverse=True)
    compared = _Compared(distinct, equality)
    same[apart] = np.array([compared(*divmod(pair, len(distinct))) for pair in pairs.tolist()], bool)[of_pair]
    return pa.array(same)


def _chunks(outputs: Any) -> list[Any]:
    found = outputs.chunks if isinstance(outputs, pa.ChunkedArray) else [outputs]
    return [chunk.cast(pa.string()) for chunk in found]


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
