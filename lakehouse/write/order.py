"""The order of rows: text by UTF-8 bytes, through the ranks of dictionary codes, which numpy sorts fast."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int64]
_LIMIT = 2**62


def ranked(rows: Any, names: Sequence[str]) -> list[Codes]:
    """Arrays that order the rows (pa.Table, no nulls) as the named columns do, as few as 64 bits allow.

    >>> rows = pa.table({"a": pa.array(["y", "x"]).dictionary_encode(), "b": [7, 5]})
    >>> [codes.tolist() for codes in ranked(rows, ("a", "b"))]
    [[3, 0]]
    """
    return folded([_ranks(rows[name].combine_chunks()) for name in names])


def folded(columns: Sequence[tuple[Codes, int]]) -> list[Codes]:
    """Codes, each below the size beside it, as numbers of mixed radix: the first column counts most."""
    done: list[Codes] = []
    codes, size = columns[0]
    for more, radix in columns[1:]:
        if size * radix < _LIMIT:
            codes, size = codes * radix + more, size * radix
        else:
            done.append(codes)
            codes, size = more, radix
    return [*done, codes]


def _ranks(column: Any) -> tuple[Codes, int]:
    if pa.types.is_dictionary(column.type):
        ranks = np.empty(len(column.dictionary) or 1, dtype=np.int64)
        ranks[pc.sort_indices(column.dictionary).to_numpy()] = np.arange(len(column.dictionary))
        return ranks[column.indices.to_numpy()], len(ranks)
    distinct, codes = np.unique(column.to_numpy(zero_copy_only=False), return_inverse=True)
    return codes.astype(np.int64), len(distinct)


def sorted_by(codes: Sequence[Codes]) -> Codes:
    """The row numbers in order; equal rows stay as they were."""
    return np.lexsort(codes[::-1]).astype(np.int64)


def repeats(codes: Sequence[Codes], order: Codes) -> Codes:
    """Where in the order a row equals the row before it."""
    same = np.ones(max(len(order) - 1, 0), dtype=bool)
    for column in codes:
        same &= column[order[1:]] == column[order[:-1]]
    return np.flatnonzero(same) + 1
