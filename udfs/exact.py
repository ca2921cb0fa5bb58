"""Sums and means of doubles that are exact before they are rounded once: `exact_sum(x)` and `exact_avg(x)`.

A double is a whole number of at most 53 bits times a power of two. Numbers with the same power are added as whole
numbers, and the sums of all powers as one. So neither the order of the numbers nor the number of threads matters, and
no number is too small or too large. The result is the double that is nearest to the exact one, of two the even one.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from udfs.columns import Column, combine

BITS, HALF = 53, 27
LOW = 2**HALF - 1


def exact_sum(numbers: NDArray[np.float64]) -> float:
    """Return the sum, rounded once; it is infinite if it is larger than every double.

    >>> exact_sum(np.array([1e308, 1e308, -1e308, 5e-324, -1e308])), exact_sum(np.array([1e308, 1e308]))
    (5e-324, inf)
    """
    return _rounded(numbers, 1)


def exact_mean(numbers: NDArray[np.float64]) -> float:
    """Return the mean of some numbers, rounded once.

    >>> exact_mean(np.array([0.1, 0.2, 0.3])), exact_mean(np.array([1.7e308, 1.7e308])), exact_mean(np.array([5e-324]))
    (0.2, 1.7e+308, 5e-324)
    """
    return _rounded(numbers, len(numbers))


def sums(lists: Column) -> pa.DoubleArray:
    """Return the sum of every list of doubles; NULL without numbers."""
    return _of_lists(lists, exact_sum)


def means(lists: Column) -> pa.DoubleArray:
    """Return the mean of every list of doubles; NULL without numbers."""
    return _of_lists(lists, exact_mean)


def quotients(totals: Column, counts: Column) -> pa.DoubleArray:
    """Return the quotient of every two whole decimals, rounded once; NULL where a count is 0 or NULL."""
    pairs = zip(totals.to_pylist(), counts.to_pylist(), strict=True)
    return pa.array([int(total) / int(count) if count and total is not None else None for total, count in pairs])


def _of_lists(lists: Column, function: Callable[[NDArray[np.float64]], float]) -> pa.DoubleArray:
    return pa.array(
        [function(each) if each is not None and len(each) else None for each in _known(lists)], pa.float64()
    )


def _known(lists: Column) -> Iterator[NDArray[np.float64] | None]:
    """Yield the numbers of each list without NULL; None for a list that is NULL."""
    for numbers in combine(lists):
        yield numbers.values.drop_null().to_numpy(zero_copy_only=False) if numbers.is_valid else None


def _rounded(numbers: NDArray[np.float64], divisor: int) -> float:
    if not np.isfinite(numbers).all():
        return float(sum(numbers[~np.isfinite(numbers)].tolist()))
    fractions, powers = np.frexp(numbers)
    whole = np.ldexp(fractions, BITS).astype(np.int64)
    least = int(powers.min())
    total = sum(_added(whole[powers == power]) << (int(power) - least) for power in np.unique(powers))
    shift = least - BITS
    try:
        return (total << shift) / divisor if shift >= 0 else total / (divisor << -shift)
    except OverflowError:
        return math.inf if total > 0 else -math.inf


def _added(whole: NDArray[np.int64]) -> int:
    """Return the sum of numbers of 54 bits; no sum of their halves exceeds 64 bits."""
    return (int((whole >> HALF).sum()) << HALF) + int((whole & LOW).sum())
