"""Shares: exact numbers from decimals of any length, and from fractions such as 2/3."""

import re
from decimal import Decimal
from fractions import Fraction

from sqlglot.tokenizer_core import TokenType

from srcql.clauses.reader import Reader

DECIMAL = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?")
MOST_VOTES = 2**62


def fraction(reader: Reader) -> Fraction | None:
    """Read a decimal number, or a quotient of two; return None if none comes next, or if the divisor is 0."""
    number = _decimal(reader)
    if number is None or not reader.sign(TokenType.SLASH):
        return number
    divisor = _decimal(reader)
    return number / divisor if divisor else None


def _decimal(reader: Reader) -> Fraction | None:
    digits = ("0." if reader.sign(TokenType.DOT) else "") + reader.found
    if not DECIMAL.fullmatch(digits):
        return None
    reader.sign(TokenType.NUMBER)
    return Fraction(Decimal(digits))


def of_votes(share: Fraction) -> Fraction:
    """Return the least share that votes can have and that is not below this one; its terms fit a BIGINT.

    >>> of_votes(Fraction(2, 3)), of_votes(Fraction("0." + "6" * 99)) == Fraction(2, 3)
    (Fraction(2, 3), True)
    """
    near = share.limit_denominator(MOST_VOTES)
    if near >= share:
        return near
    first = -pow(near.numerator, -1, near.denominator) % near.denominator
    votes = MOST_VOTES - (MOST_VOTES - first) % near.denominator
    return Fraction((1 + near.numerator * votes) // near.denominator, votes)
