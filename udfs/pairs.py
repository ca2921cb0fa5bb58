"""Two columns of texts, compared once per distinct pair."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from udfs.columns import Column, encode


class Pairs:
    """Pairs of texts; `left` and `right` are indices into `distinct`, whose last element is NULL.

    >>> pairs = Pairs(pa.array(["a", None, "a"]), pa.array(["b", "b", "b"]))
    >>> pairs.distinct, pairs.known.tolist()
    (['a', 'b', None], [True, False, True])
    """

    def __init__(self, lefts: Column, rights: Column) -> None:
        self.distinct, indices = encode(pa.chunked_array([*_chunks(lefts), *_chunks(rights)], pa.string()))
        self.left, self.right = np.split(indices.astype(np.int64), [len(lefts)])

    @property
    def known(self) -> NDArray[np.bool_]:
        """Where neither text is NULL."""
        return (self.left < len(self.distinct) - 1) & (self.right < len(self.distinct) - 1)

    def apply(
        self, rows: NDArray[np.bool_] | NDArray[np.int64], function: Callable[[list[int], list[int]], ArrayLike]
    ) -> np.ndarray:
        """Return the results of a function of indices for these rows; it is called once, with each distinct pair."""
        pairs, row = np.unique(self.left[rows] * len(self.distinct) + self.right[rows], return_inverse=True)
        left, right = np.divmod(pairs, len(self.distinct))
        results: np.ndarray = np.asarray(function(left.tolist(), right.tolist()))[row]
        return results


def _chunks(texts: Column) -> list[pa.Array]:
    chunks = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
    return [chunk.cast(pa.string()) for chunk in chunks]
