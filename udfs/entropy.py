"""Evenness of a distribution over classes: `entropy_nats(counts HUGEINT[]) -> DOUBLE`.

The sum over classes of p * ln(1/p), p = count / total (C. E. Shannon, "A mathematical theory of communication", 1948).
The sum is exact before it is rounded, so it does not depend on the order. Counts of 0 and NULL are ignored; NULL for a
NULL list and for a total of 0. exp(entropy_nats(counts)) is the effective number of classes.
"""

from functools import cache
from math import fsum, log

import pyarrow as pa

from udfs.columns import Column


def entropy(counts: tuple[int, ...]) -> float | None:
    """Return the entropy of one distribution; raise ValueError for a count below 0.

    >>> entropy((2, 2)) == log(2), entropy((7,)), entropy((0, 0))
    (True, 0.0, None)
    """
    if counts and min(counts) < 0:
        raise ValueError(f"entropy_nats: expected counts of at least 0, found {min(counts)}")
    total = sum(counts)
    return fsum(count / total * log(total / count) for count in counts if count) if total else None


def entropies(lists: Column) -> pa.DoubleArray:
    """Return the entropy of every list of whole decimals."""
    cached = cache(entropy)
    distributions = (
        None if counts is None else tuple(sorted(int(count) for count in counts if count is not None))
        for counts in lists.to_pylist()
    )
    return pa.array([None if counts is None else cached(counts) for counts in distributions], pa.float64())
