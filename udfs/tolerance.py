"""Exact comparison of numbers with a tolerance: |a - b| <= max(absolute, relative * max(|a|, |b|)).

A document is split into its structure and its numbers. Two documents are close if their structures are equal and their
numbers are close, place by place. NaN and the infinities belong to the structure: each equals only itself.

Nothing is rounded, and no power of ten is written out: the cost grows with the number of digits, not with the
exponents, so `1e999999999` costs no more than `1`.

>>> Tolerance("0.001").is_close(structure('{"b": [1.0], "a": "1"}'), structure('{"a": "1", "b": [1.001]}'))
True
"""

import re
from dataclasses import dataclass
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, Inexact
from functools import cached_property

from udfs.canonical import Canonical, canonical
from udfs.number import number

EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact])
TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|-?[0-9]+(?:e-?[0-9]+)?')
PLACE = "#"
ZEROS = re.compile("^0+(?=[0-9])")

# The text around the numbers of a document, and the numbers; a text that is not JSON has only structure.
Structure = tuple[str, tuple[str, ...] | None]

# Coefficient and power of ten.
Scaled = tuple[Decimal, int]


def structure(text: str, form: Canonical = canonical) -> Structure:
    """Return the structure and the numbers of a text.

    >>> structure('{"a": [1.5, NaN, "2"]}'), structure("1 apple")
    (('{"a":[#,NaN,"2"]}', ('15e-1',)), ('1 apple', None))
    """
    document = form.document(text)
    if document is None:
        return text, None
    tokens = TOKEN.findall(document)
    around = TOKEN.sub(lambda token: token[0] if token[0][0] == '"' else PLACE, document)
    return around, tuple(token for token in tokens if token[0] != '"')


@dataclass(frozen=True)
class Tolerance:
    """The allowed difference of two numbers, as literals of numbers of at least 0."""

    absolute: str
    relative: str = "0"

    def is_close(self, left: Structure, right: Structure) -> bool:
        """Return whether the structures are equal and their numbers are close."""
        if left[0] != right[0] or left[1] is None or right[1] is None:
            return left == right
        return all(a == b or self.is_near(a, b) for a, b in zip(left[1], right[1], strict=True))

    def is_near(self, left: str, right: str) -> bool:
        """Return whether two numbers, given as canonical texts, are close.

        >>> Tolerance("0", "0.1").is_near("9e0", "1e1"), Tolerance("0", "0.1").is_near("89e-1", "1e1")
        (True, False)
        >>> Tolerance("1").is_near("1e999999999", "1e0")
        False
        """
        a, b = _scaled(left), _scaled(right)
        nearer = (a, _negative(b)) if sign((a, _negative(b))) < 0 else (_negative(a), b)
        return any(sign((*nearer, bound)) >= 0 for bound in self._bounds(a, b))

    def _bounds(self, a: Scaled, b: Scaled) -> tuple[Scaled, ...]:
        absolute, relative = self._scales
        return absolute, *((EXACT.multiply(of[0].copy_abs(), relative[0]), of[1] + relative[1]) for of in (a, b))

    @cached_property
    def _scales(self) -> tuple[Scaled, Scaled]:
        return _scaled(number(ZEROS.sub("", self.absolute))), _scaled(number(ZEROS.sub("", self.relative)))


def _scaled(text: str) -> Scaled:
    coefficient, _, power = text.partition("e")
    return Decimal(coefficient), int(power or 0)


def _negative(scaled: Scaled) -> Scaled:
    return scaled[0].copy_negate(), scaled[1]


def sign(terms: tuple[Scaled, ...]) -> int:
    """Return the sign of a sum of at most ten numbers: -1, 0 or 1.

    Terms are added from the largest power of ten down, until the remaining terms cannot outweigh the sum. A term is
    added only if a remaining term reaches the power of the sum, so the sum never has more digits than the terms have.

    >>> sign(((Decimal(1), 10**30), (Decimal(-9), 0)))
    1
    """
    ordered = sorted((term for term in terms if term[0]), key=lambda term: term[1], reverse=True)
    total, power = Decimal(0), 0
    for place, (coefficient, below) in enumerate(ordered):
        if total and all(power > term[0].adjusted() + 1 + term[1] for term in ordered[place:]):
            break
        total, power = EXACT.add(EXACT.scaleb(total, power - below) if total else total, coefficient), below
    return (total > 0) - (total < 0)
