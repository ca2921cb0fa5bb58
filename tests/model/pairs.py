"""Shapes of statements that cover every pair of choices of two clauses.

>>> shapes = covering({"a": ["1", "2"], "b": ["1", "2"], "c": ["1", "2"]})
>>> len(shapes), len(pairs(shapes))
(4, 12)
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product

Shape = dict[str, str]
Choice = tuple[str, str]
Pair = frozenset[Choice]


def covering(factors: Mapping[str, Sequence[str]], apart: Iterable[Pair] = ()) -> list[Shape]:
    """Return shapes that contain every allowed pair of choices; deterministic."""
    forbidden = set(apart)
    wanted = {
        frozenset(((one, left), (other, right))): None
        for one, other in combinations(factors, 2)
        for left, right in product(factors[one], factors[other])
    }
    open_ = {pair: None for pair in wanted if pair not in forbidden}
    shapes = []
    while open_:
        shape = dict(sorted(next(iter(open_))))
        for name in factors:
            if name not in shape:
                allowed = [value for value in factors[name] if not _new(shape, (name, value)) & forbidden]
                best = max(allowed, key=lambda value: len(_new(shape, (name, value)) & open_.keys()))
                shape[name] = best
        for pair in pairs([shape]):
            open_.pop(pair, None)
        shapes.append(shape)
    return shapes


def pairs(shapes: Iterable[Shape]) -> set[Pair]:
    """Return every pair of choices that the shapes contain."""
    return {frozenset(pair) for shape in shapes for pair in combinations(shape.items(), 2)}


def _new(shape: Shape, choice: Choice) -> set[Pair]:
    return {frozenset((each, choice)) for each in shape.items()}
