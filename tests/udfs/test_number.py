"""Numbers as exact decimal values, rounded and typed."""

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.number import number

EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)

ROUNDED = {
    ("9.99", 2): "1e1",
    ("999", 1): "1e3",
    ("25", 1): "2e1",
    ("35", 1): "4e1",
    ("2500000001", 1): "3e9",
    ("250000000.0", 1): "2e8",
    ("-0.00125", 2): "-12e-4",
    ("-0.00135", 2): "-14e-4",
    ("1004", 3): "1e3",
    ("1" * 30, 29): "1" * 29 + "e1",
    ("12", 2): "12e0",
    ("0.0", 1): "0",
    ("1.25e999999999", 2): "12e999999998",
    ("9.5e-999999999", 1): "1e-999999998",
    ("9" * 100_000, 1000): "1e100000",
}

TYPED = {"1": "1e0", "1.0": "1e0f", "1e0": "1e0f", "0": "0", "-0": "0", "0.0": "0f", "-0.0": "0f", "0E5": "0f"}


@st.composite
def literals(draw: st.DrawFn) -> str:
    """Numbers as JSON writes them, in every layout."""
    fraction = draw(st.text("0123456789", max_size=12))
    exponent = draw(st.none() | st.tuples(st.sampled_from("eE"), st.sampled_from(["", "+", "-"]), st.integers(0, 300)))
    whole = draw(st.just("0") | st.integers(1, 10**20).map(str) | st.sampled_from(["5", "15", "25", "99", "995"]))
    sign = draw(st.sampled_from(["", "-"]))
    return sign + whole + (f".{fraction}" if fraction else "") + ("".join(map(str, exponent)) if exponent else "")


@pytest.mark.parametrize(("written", "text"), ROUNDED.items())
def test_digits_round_half_to_even(written: tuple[str, int], text: str) -> None:
    literal, digits = written
    assert number(literal, digits) == text


@pytest.mark.parametrize(("literal", "text"), TYPED.items())
def test_typed_marks_literals_with_a_point_or_an_exponent(literal: str, text: str) -> None:
    assert number(literal, typed=True) == text


def test_rounding_does_not_change_the_type() -> None:
    assert number("126", 2, typed=True) == "13e1"
    assert number("126.0", 2, typed=True) == "13e1f"
    assert number("1.0", 2, typed=True) == "1e0f"


@given(literals(), st.integers(1, 40))
def test_rounding_agrees_with_decimal_arithmetic(literal: str, digits: int) -> None:
    rounding = Context(prec=digits, rounding=ROUND_HALF_EVEN)
    assert Decimal(number(literal, digits)) == rounding.plus(EXACT.create_decimal(literal))


@given(literals(), literals())
def test_equal_values_have_the_same_text(left: str, right: str) -> None:
    same = EXACT.create_decimal(left) == EXACT.create_decimal(right)
    assert (number(left) == number(right)) == same
    assert EXACT.create_decimal(number(left)) == EXACT.create_decimal(left)


@given(literals(), st.integers(1, 40))
def test_rounding_again_changes_nothing(literal: str, digits: int) -> None:
    assert number(number(literal, digits), digits) == number(literal, digits)
