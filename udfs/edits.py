"""How alike two texts are: `edit_similarity(left, right) -> DOUBLE`.

1 - Levenshtein distance / length of the longer text, both in code points: insertions, deletions and substitutions cost
one each (V. I. Levenshtein, "Binary codes capable of correcting deletions, insertions, and reversals", 1966). One
division of integers; 1.0 for two empty texts, NULL when one is NULL.
"""

from typing import Any

import numpy as np
import pyarrow as pa
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from udfs.pairs import Pairs


def edit_similarities(lefts: Any, rights: Any) -> Any:
    """Of every pair: Arrow strings -> Arrow doubles, null where a text is.

    >>> edit_similarities(pa.array(["kitten", "", None]), pa.array(["sitting", "", "x"])).to_pylist()
    [0.5714285714285714, 1.0, None]
    """
    pairs = Pairs(lefts, rights)
    texts = [text or "" for text in pairs.distinct]
    lengths = np.array([len(text) for text in texts], np.int64)

    def alike(left: list[int], right: list[int]) -> Any:
        ours, theirs = ([texts[place] for place in places] for places in (left, right))
        distances = cpdist(ours, theirs, scorer=Levenshtein.distance, dtype=np.int64)
        longer = np.maximum(lengths[left], lengths[right])
        return np.where(longer > 0, (longer - distances) / np.maximum(longer, 1), 1.0)

    known = pairs.known
    answers = np.zeros(len(known))
    if known.any():
        answers[known] = pairs.ask(known, alike)
    return pa.array(answers, mask=~known)
