"""Similarity of two texts: `edit_similarity(left, right) -> DOUBLE`.

1 - Levenshtein distance / length of the longer text, both in code points: insertions, deletions and substitutions cost
one each (V. I. Levenshtein, "Binary codes capable of correcting deletions, insertions, and reversals", 1966). It is a
single division of integers; 1.0 for two empty texts, NULL if one is NULL.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from udfs.columns import Column
from udfs.pairs import Pairs


def edit_similarities(lefts: Column, rights: Column) -> pa.DoubleArray:
    """Return the similarity of every pair of strings; null where a text is null.

    >>> edit_similarities(pa.array(["kitten", "", None]), pa.array(["sitting", "", "x"])).to_pylist()
    [0.5714285714285714, 1.0, None]
    """
    pairs = Pairs(lefts, rights)
    texts = [text or "" for text in pairs.distinct]
    lengths = np.array([len(text) for text in texts], np.int64)

    def similarities(left: list[int], right: list[int]) -> NDArray[np.float64]:
        left_texts, right_texts = ([texts[index] for index in indices] for indices in (left, right))
        distances = cpdist(left_texts, right_texts, scorer=Levenshtein.distance, dtype=np.int64)
        longer = np.maximum(lengths[left], lengths[right])
        return np.where(longer > 0, (longer - distances) / np.maximum(longer, 1), 1.0)

    known = pairs.known
    results = np.zeros(len(known))
    if known.any():
        results[known] = pairs.apply(known, similarities)
    return pa.array(results, mask=~known)
