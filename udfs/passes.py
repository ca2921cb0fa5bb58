"""The chance that one of k samples is right: `pass_at_k(n, c, k) -> DOUBLE`.

Of n samples c are right; k of them are drawn without putting back. 1 - C(n-c, k) / C(n, k), the unbiased estimator of
M. Chen et al., "Evaluating large language models trained on code", 2021.

NULL when an argument is, and when k > n: fewer samples than are to be drawn estimate nothing. A mean over problems
leaves such problems out, so count them. No factorial is formed and no difference of near numbers taken: the product of
1 - k/i over i = n-c+1 … n (k and c may change places) is summed as logarithms.
"""

from math import expm1, fsum
from typing import Any

import numpy as np
import pyarrow as pa

MOST = 1_000_000_000
CERTAIN = 40  # 1 - exp(-40) is 1.0


def pass_at_k(n: int, c: int, k: int) -> float | None:
    """Of one problem; raises ValueError for what no samples give.

    >>> pass_at_k(10, 3, 1), pass_at_k(10, 0, 5), pass_at_k(10, 8, 3), pass_at_k(5, 5, 10)
    (0.3, 0.0, 1.0, None)
    """
    if not (0 <= c <= n <= MOST and k >= 1):
        raise ValueError(f"pass_at_k: expected 0 <= c <= n <= {MOST:,} and k >= 1, found n = {n}, c = {c}, k = {k}")
    if k > n:
        return None
    if k == 1 or c == 1:
        return c * k / n
    if n - c < k or c * k > CERTAIN * n:
        return 1.0
    fewer, more = sorted((c, k))
    return -expm1(fsum(np.log1p(-more / np.arange(n - fewer + 1, n + 1)))) if c else 0.0


def passes(samples: Any, right: Any, drawn: Any) -> Any:
    """Of every problem: Arrow int64s -> Arrow doubles; each distinct case of a chunk is computed once."""
    columns = [column.to_numpy(zero_copy_only=False) for column in map(_plain, (samples, right, drawn))]
    known = np.logical_and.reduce([_plain(column).is_valid() for column in (samples, right, drawn)])
    places = [np.unique(column[known].astype(np.int64), return_inverse=True) for column in columns]
    case = np.zeros(known.sum(), np.int64)
    for values, place in places:
        case = np.unique(case * max(len(values), 1) + place, return_inverse=True)[1]
    _, first, row = np.unique(case, return_index=True, return_inverse=True)
    distinct = zip(*(values[place[first]].tolist() for values, place in places), strict=True)
    answers = np.full(len(known), None, object)
    answers[known] = np.array([pass_at_k(*numbers) for numbers in distinct], object)[row]
    return pa.array(answers, pa.float64())


def _plain(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
