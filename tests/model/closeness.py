"""USING TOLERANCE: numbers that are close.

>>> close("[1, 2]", "[1.0, 2.1]", Using(tolerance="0.1"))
True
>>> close("100", "101", Using(tolerance="0.5", rel="0.01")), close("1", '"1"', Using(tolerance="9"))
(True, False)
"""

from fractions import Fraction
from typing import Any

from tests.model.cube import Response
from tests.model.equality import UNREADABLE, Number, read, without
from tests.model.statement import Using

FAR = 5000  # a number so many powers of ten smaller only counts as greater than zero
Scaled = tuple[int, int]  # digits and the power of ten that multiplies them


def same(left: Response, right: Response, using: Using) -> bool:
    """Return whether two responses are equal."""
    if using.tolerance is None or left.text == right.text or {left.kind, right.kind} != {"VALUE"}:
        return left.text == right.text
    return close(left.row["output"], right.row["output"], using)


def close(left: str, right: str, using: Using) -> bool:
    """Return whether two JSON values differ only in numbers that are close."""
    one, other = read(left), read(right)
    if one is UNREADABLE or other is UNREADABLE:
        return False
    return _alike(without(one, using.ignore), without(other, using.ignore), using)


def _alike(one: Any, other: Any, using: Using) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_alike(part, other[key], using) for key, part in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(_alike(*parts, using) for parts in zip(one, other, strict=True))
    return _near(one.text, other.text, using) if isinstance(one, Number) else one == other


def _near(one: str, other: str, using: Using) -> bool:
    """Return whether |a-b| <= max(abs, r*max(|a|,|b|)), in units of the greatest of them."""
    if one.endswith(("NaN", "Infinity")) or other.endswith(("NaN", "Infinity")):
        return one == other
    numbers = [_scaled(text) for text in (one, other, using.tolerance or "0")]
    unit = max((len(str(abs(digits))) + power for digits, power in numbers if digits), default=0)
    a, b, distance = (_in_units(number, unit) for number in numbers)
    return abs(a - b) <= max(distance, Fraction(using.rel or "0") * max(abs(a), abs(b)))


def _scaled(text: str) -> Scaled:
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    return int(whole + fraction), int(exponent or 0) - len(fraction)


def _in_units(number: Scaled, unit: int) -> Fraction:
    digits, power = number
    if not digits:
        return Fraction(0)
    if len(str(abs(digits))) + power < unit - FAR:
        return Fraction(1 if digits > 0 else -1, 10**FAR)
    return digits * Fraction(10) ** (power - unit)
