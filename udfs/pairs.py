"""Two columns of texts, compared pair by distinct pair."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from udfs.response import codes


class Pairs:
    """Texts side by side: `left` and `right` are their places in `distinct`, whose last is NULL.

    >>> pairs = Pairs(pa.array(["a", None, "a"]), pa.array(["b", "b", "b"]))
    >>> pairs.distinct, pairs.known.tolist()
    (['a', 'b', None], [True, False, True])
    """

    def __init__(self, lefts: Any, rights: Any) -> None:
        self.distinct, places = codes(pa.chunked_array([*_chunks(lefts), *_chunks(rights)], pa.string()))
        self.left, self.right = np.split(places.astype(np.int64), [len(lefts)])

    @property
    def known(self) -> Any:
        """Where neither text is NULL."""
        return (self.left < len(self.distinct) - 1) & (self.right < len(self.distinct) - 1)

    def ask(self, rows: Any, function: Callable[[list[int], list[int]], Any]) -> Any:
        """The answers for these rows of a function of places, asked once and for each distinct pair alone."""
        pairs, row = np.unique(self.left[rows] * len(self.distinct) + self.right[rows], return_inverse=True)
        left, right = np.divmod(pairs, len(self.distinct))
        return np.asarray(function(left.tolist(), right.tolist()))[row]


def _chunks(texts: Any) -> list[Any]:
    found = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
    return [chunk.cast(pa.string()) for chunk in found]
