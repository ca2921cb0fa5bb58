"""Near-duplicate behaviour at scale: `minhash(keys BIGINT[]) -> BIGINT[]`, a signature of a set.

128 numbers, each the minimum of one hash function over the keys of the set. The share of places where two signatures
agree estimates the Jaccard similarity J of the sets, with a standard error of sqrt(J (1 - J) / 128): at most 0.045
(A. Z. Broder, "On the resemblance and containment of documents", 1997).

The hash functions are the same everywhere: h_j(x) = mix(x XOR s_j) modulo 2^64, for j from 0 to 127, where mix is the
finaliser of SplitMix64 and s_j the j-th number that SplitMix64 generates from seed 0. The minimum is taken over
unsigned numbers and stored as a signed one. NULL keys and duplicate keys are ignored; the signature of an empty set is
128 times -1.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from udfs.columns import Column, combine

SIZE = 128
STEP = np.uint64(0x9E3779B97F4A7C15)


def mix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the finaliser of SplitMix64 of each number, a bijection of 64-bit numbers.

    >>> [hex(number) for number in mix(np.array([STEP], np.uint64)).tolist()]
    ['0xe220a8397b1dcdaf']
    """
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


SEEDS = mix(STEP * np.arange(1, SIZE + 1, dtype=np.uint64))


def signatures(lists: Column) -> pa.ListArray:
    """Return the signature of every list of int64, as a list of 128 int64; null where the list is null.

    >>> ours, theirs, none = signatures(pa.array([[1, 2, 2], [2, None, 1], None])).to_pylist()
    >>> len(ours), ours == theirs, none is None
    (128, True, True)
    """
    sets = combine(lists)
    keys, set_of_key = sets.flatten(), pc.list_parent_indices(sets)
    present = keys.is_valid()
    distinct, index = np.unique(keys.filter(present).to_numpy().view(np.uint64), return_inverse=True)
    filled, starts = np.unique(set_of_key.filter(present).to_numpy(), return_index=True)
    minima = np.full((len(sets), SIZE), np.iinfo(np.uint64).max, np.uint64)
    if len(filled):
        for number, seed in enumerate(SEEDS):
            minima[filled, number] = np.minimum.reduceat(mix(distinct ^ seed)[index], starts)
    ends = np.arange(len(sets) + 1, dtype=np.int32) * SIZE
    return pa.ListArray.from_arrays(ends, pa.array(minima.ravel().view(np.int64)), mask=sets.is_null())
