"""The probability that one of k samples is right: `pass_at_k(n, c, k) -> DOUBLE`.

Of n samples c are right, and k of them are drawn without replacement: 1 - C(n-c, k) / C(n, k), the unbiased estimator
of M. Chen et al., "Evaluating large language models trained on code", 2021.

NULL if an argument is NULL, and if k > n: too few samples to estimate. A mean over problems ignores such problems, so
count them. The function computes no factorial and no difference of nearly equal numbers: it sums the logarithms of
1 - k/i for i from n-c+1 to n (k and c may be exchanged).
"""

from math import expm1, fsum

import numpy as np
import pyarrow as pa

from udfs.columns import Column, combine

MAX_SAMPLES = 1_000_000_000
CERTAIN = 40  # 1 - exp(-40) is 1.0


def pass_at_k(n: int, c: int, k: int) -> float | None:
    """Return the estimate for one problem; raise ValueError for impossible numbers.

    >>> pass_at_k(10, 3, 1), pass_at_k(10, 0, 5), pass_at_k(10, 8, 3), pass_at_k(5, 5, 10)
    (0.3, 0.0, 1.0, None)
    """
    if not (0 <= c <= n <= MAX_SAMPLES and k >= 1):
        expected = f"0 <= c <= n <= {MAX_SAMPLES:,} and k >= 1"
        raise ValueError(f"pass_at_k: expected {expected}, found n = {n}, c = {c}, k = {k}")
    if k > n:
        return None
    if k == 1 or c == 1:
        return c * k / n
    if n - c < k or c * k > CERTAIN * n:
        return 1.0
    fewer, more = sorted((c, k))
    return -expm1(fsum(np.log1p(-more / np.arange(n - fewer + 1, n + 1)))) if c else 0.0


def estimates(n: Column, c: Column, k: Column) -> pa.DoubleArray:
    """Return the estimate for every problem, from decimals; each distinct case of a chunk is computed once."""
    arrays = [_whole(combine(column)) for column in (n, c, k)]
    columns = [array.to_numpy(zero_copy_only=False) for array in arrays]
    known = np.logical_and.reduce([array.is_valid() for array in arrays])
    places = [np.unique(column[known].astype(np.int64), return_inverse=True) for column in columns]
    case = np.zeros(known.sum(), np.int64)
    for values, place in places:
        case = np.unique(case * max(len(values), 1) + place, return_inverse=True)[1]
    _, first, row = np.unique(case, return_index=True, return_inverse=True)
    distinct = zip(*(values[place[first]].tolist() for values, place in places), strict=True)
    results = np.full(len(known), None, object)
    results[known] = np.array([pass_at_k(*numbers) for numbers in distinct], object)[row]
    return pa.array(results, pa.float64())


def _whole(numbers: pa.Array) -> pa.Array:
    """Return decimals as int64; raise ValueError for one that no number of samples can be."""
    try:
        return numbers.cast(pa.int64())
    except pa.ArrowInvalid:
        most = max((number for number in numbers.to_pylist() if number is not None), key=abs)
        raise ValueError(f"pass_at_k: expected numbers of at most {MAX_SAMPLES:,}, found {most}") from None
