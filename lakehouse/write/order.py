"""The sort order of rows: text by UTF-8 bytes, computed on the ranks of dictionary codes, which numpy sorts fast."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int64]
_LIMIT = 2**62


def rank_rows(rows: pa.Table, names: Sequence[str]) -> list[Codes]:
    """Return arrays that sort the rows as the named columns do, as few as 64 bits allow; the columns have no nulls.

    >>> rows = pa.table({"a": pa.array(["y", "x"]).dictionary_encode(), "b": [7, 5]})
    >>> [codes.tolist() for codes in rank_rows(rows, ("a", "b"))]
    [[3, 0]]
    """
    return pack([_ranks(rows[name].combine_chunks()) for name in names])


def pack(columns: Sequence[tuple[Codes, int]]) -> list[Codes]:
    """Combine codes, each below the size beside it, into mixed-radix numbers; the first column counts most."""
    packed: list[Codes] = []
    codes, size = columns[0]
    for more, radix in columns[1:]:
        if size * radix < _LIMIT:
            codes, size = codes * radix + more, size * radix
        else:
            packed.append(codes)
            codes, size = more, radix
    return [*packed, codes]


def _ranks(column: pa.Array) -> tuple[Codes, int]:
    if pa.types.is_dictionary(column.type):
        ranks = np.empty(len(column.dictionary) or 1, dtype=np.int64)
        ranks[pc.sort_indices(column.dictionary).to_numpy()] = np.arange(len(column.dictionary))
        return ranks[column.indices.to_numpy()], len(ranks)
    distinct, codes = np.unique(column.to_numpy(zero_copy_only=False), return_inverse=True)
    return codes.astype(np.int64), len(distinct)


def sort_rows(codes: Sequence[Codes]) -> Codes:
    """Return the row numbers in sorted order; equal rows keep their order."""
    return np.lexsort(codes[::-1]).astype(np.int64)


def find_duplicates(codes: Sequence[Codes], order: Codes) -> Codes:
    """Return the positions in the order at which a row equals the row before it."""
    same = np.ones(max(len(order) - 1, 0), dtype=bool)
    for column in codes:
        same &= column[order[1:]] == column[order[:-1]]
    return np.flatnonzero(same) + 1
