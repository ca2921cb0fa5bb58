"""How evenly things fall into classes: `entropy(counts BIGINT[]) -> DOUBLE`, in nats.

The sum over classes of p * ln(1/p), p = count / total (C. E. Shannon, "A mathematical theory of communication", 1948).
The sum is exact before it is rounded, so it is the same in every order. Classes of none, and NULL among the counts, do
not count; NULL for a NULL list and where nothing is counted. exp(entropy(counts)) is the effective number of classes.
"""

from functools import cache
from math import fsum, log
from typing import Any

import pyarrow as pa


def entropy(counts: tuple[int, ...]) -> float | None:
    """Of one distribution; raises ValueError for a count below 0.

    >>> entropy((2, 2)) == log(2), entropy((7,)), entropy((0, 0))
    (True, 0.0, None)
    """
    if counts and min(counts) < 0:
        raise ValueError(f"entropy_nats: expected counts from 0, found {min(counts)}")
    total = sum(counts)
    return fsum(count / total * log(total / count) for count in counts if count) if total else None


def entropies(lists: Any) -> Any:
    """Of every list of counts: Arrow lists of int64 -> Arrow doubles."""
    once = cache(entropy)
    distributions = (
        None if counts is None else tuple(sorted(count for count in counts if count is not None))
        for counts in lists.to_pylist()
    )
    return pa.array([None if counts is None else once(counts) for counts in distributions], pa.float64())
