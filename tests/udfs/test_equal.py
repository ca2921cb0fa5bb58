"""Equality of outputs, and comparison of numbers with a tolerance."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import udfs
from tests.udfs import LAWS
from tests.udfs.test_number import literals
from tests.udfs.test_using import EQUALITIES, outputs
from udfs.equal import equal
from udfs.number import number
from udfs.response import keys, response_text
from udfs.tolerance import Tolerance, sign
from udfs.using import parse_using

CLOSE = [
    ("TOLERANCE 0.1", "1", "1.1", True),
    ("TOLERANCE 0.1", "1", "1.10000000000000000000000001", False),
    ("TOLERANCE 0.3", "0.1", "0.4", True),
    ("TOLERANCE 0", "1", "1.0", True),
    ("TOLERANCE 0", "1", "2", False),
    ("TOLERANCE 0.05 REL 0.1", "9", "10", True),
    ("TOLERANCE 0.05 REL 0.1", "8.9", "10", False),
    ("TOLERANCE 2 REL 0.1", "8.9", "10", True),
    ("TOLERANCE 0 REL 1", "-1", "1", False),
    ("TOLERANCE 0 REL 2", "-1", "1", True),
    ("TOLERANCE 0 REL 1", "0", "1e999999999", True),
    ("tolerance 00.5 rel 00", "1", "1.5", True),
    ("TOLERANCE 1", '{"b": [1, 2], "a": "x"}', '{"a": "x", "b": [2, 1.5]}', True),
    ("TOLERANCE 1", '{"b": [1, 2]}', '{"b": [2, 3.5]}', False),
    ("TOLERANCE 1", "[1, 2]", "[1, 2, 3]", False),
    ("TOLERANCE 1", "[1, 2]", "[2, [1]]", False),
    ("TOLERANCE 1", '{"a": 1}', '{"b": 1}', False),
    ("TOLERANCE 9", '"1"', '"2"', False),
    ("TOLERANCE 9", '"1"', "1", False),
    ("TOLERANCE 9", '["a1", "\\"2", 3]', '["a1", "\\"2", 4]', True),
    ("TOLERANCE 9", '["a\\\\", 3]', '["a\\\\", 4]', True),
    ("TOLERANCE 9", "1 apple", "2 apple", False),
    ("TOLERANCE 9", "[#]", "[1]", False),
    ("TOLERANCE 9", "[1,", "[2,", False),
    ("TOLERANCE 9", "true", "1", False),
    ("TOLERANCE 9", "null", "0", False),
    ("TOLERANCE 9", "NaN", "NaN", True),
    ("TOLERANCE 9", "[NaN, 1]", "[NaN, 2]", True),
    ("TOLERANCE 9", "NaN", "1", False),
    ("TOLERANCE 9", "Infinity", "Infinity", True),
    ("TOLERANCE 9", "Infinity", "-Infinity", False),
    ("TOLERANCE 9", "Infinity", "1e999999999", False),
    ("TOLERANCE 9 IGNORE '$.t'", '{"t": 1, "a": 1}', '{"t": 99, "a": 2}', True),
    ("TOLERANCE 9 EXCEPTIONS MESSAGE", "$EXCEPTION@E@1", "$EXCEPTION@E@2", False),
    ("TOLERANCE 9", "$EXCEPTION@E@1", "$EXCEPTION@E@2", True),
    ("TOLERANCE 9", "$CUT@Stack@1", "$CUT@Stack@2", False),
    ("TOLERANCE 9", "$N/A", None, True),
    ("TOLERANCE 9", "$N/A", "1", False),
    ("EXACT", "$N/A", "_TOOLONG_", False),
    ("EXACT", None, None, True),
    ("", "$N/A", None, True),
    ("", "[1, 2]", "[1.0,2]", True),
    ("UNORDERED", "[1, 2]", "[2, 1]", True),
    ("DIGITS 1", "1.04", "1", True),
]  # fmt: skip

distances = st.sampled_from(["0", "1", "0.1", "1e-3", "25", "1e30"])


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        udfs.register(opened)
        yield opened


@pytest.mark.parametrize(("using", "left", "right", "same"), CLOSE)
def test_equality_of_two_outputs(using: str, left: str | None, right: str | None, same: bool) -> None:
    answers = equal(pa.array([left, right, left, right], pa.string()), pa.array([right, left, left, right]), using)
    assert answers.to_pylist() == [same, same, True, True]


@LAWS
@given(literals(), literals(), distances, distances)
def test_distances_agree_with_fractions(left: str, right: str, absolute: str, relative: str) -> None:
    a, b, most, factor = (Fraction(Decimal(text)) for text in (left, right, absolute, relative))
    expected = abs(a - b) <= max(most, factor * max(abs(a), abs(b)))
    assert Tolerance(absolute, relative).is_near(number(left), number(right)) == expected


@LAWS
@given(literals(), st.sampled_from(["1", "0.1", "1e-9", "1e200"]), st.sampled_from(["0", "1e-300", "1e-700"]))
def test_a_distance_is_exact_at_its_bound(left: str, distance: str, more: str) -> None:
    exact = Fraction(Decimal(left)) + Fraction(Decimal(distance)) + Fraction(Decimal(more))
    power = 1000
    right = f"{exact.numerator * 10**power // exact.denominator}e-{power}"
    assert Tolerance(distance).is_near(number(left), number(right)) == (more == "0")


@LAWS
@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(-9, 9)), max_size=9))
def test_the_sign_of_a_sum(terms: list[tuple[int, int]]) -> None:
    total = sum(Fraction(coefficient) * Fraction(10) ** power for coefficient, power in terms)
    assert sign(tuple((Decimal(coefficient), power) for coefficient, power in terms)) == (total > 0) - (total < 0)


def test_exponents_cost_nothing() -> None:
    many = "9" * 600
    for using, left, right, same in [
        ("TOLERANCE 1", "1e999999999", "1", False),
        ("TOLERANCE 1", "1e-999999999", "-1e-999999999", True),
        ("TOLERANCE 1", "1e-999999999", "1", True),
        ("TOLERANCE 1", "-1e-999999999", "1", False),
        ("TOLERANCE 1e999999998", "1e999999999", "9e999999998", True),
        ("TOLERANCE 1e999999998", "1e999999999", "8e999999998", False),
        ("TOLERANCE 0 REL 1e-999999999", "1e999999999", "1000000001e999999990", False),
        ("TOLERANCE 0 REL 1e-9", "1e999999999", "1000000001e999999990", True),
        (f"TOLERANCE 1e{many}", f"1e{many}", "1", True),
        (f"TOLERANCE 1e{many}", f"1e{many}", "-1", False),
        (f"TOLERANCE 1e{many}", f"1e{many}", f"-1e-{many}", False),
        (f"TOLERANCE 1e{many}", f"1e{many}", f"1e-{many}", True),
    ]:
        assert equal(pa.array([left, right]), pa.array([right, left]), using).to_pylist() == [same, same]


def test_long_numbers_are_compared_to_the_last_digit() -> None:
    long = "1" * 200_000
    assert Tolerance("1").is_near(number(long), number(long[:-1] + "2"))
    assert not Tolerance("0.9").is_near(number(long), number(long[:-1] + "2"))


@LAWS
@given(st.lists(st.tuples(outputs, outputs), min_size=1, max_size=6), st.sampled_from(EQUALITIES))
def test_equal_responses_have_the_same_key(pairs: list[tuple[str, str]], using: str) -> None:
    lefts, rights = (pa.array(column, pa.string()) for column in zip(*pairs, strict=True))
    same = [left == right for left, right in zip(keys(lefts, using), keys(rights, using), strict=True)]
    assert equal(lefts, rights, using).to_pylist() == same


@LAWS
@given(outputs, outputs, distances)
def test_tolerance_is_symmetric_and_includes_equality_by_value(left: str, right: str, distance: str) -> None:
    using = f"TOLERANCE {distance}"
    there, back = (equal(pa.array([a]), pa.array([b]), using)[0].as_py() for a, b in ((left, right), (right, left)))
    assert there == back
    assert there or response_text(left, parse_using("")) != response_text(right, parse_using(""))


def test_plain_sql_compares(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        "SELECT response_equal(a, b, u) FROM (VALUES (1, '1', '1.5', 'TOLERANCE 1'), (2, '1', '1.5', NULL),"
        " (3, NULL, '$N/A', 'EXACT'), (4, '1', '1.0', '')) AS t(i, a, b, u) ORDER BY i"
    ).fetchall()
    assert rows == [(True,), (False,), (False,), (True,)]
    assert connection.sql("SELECT response_equal('1', '1.0'), response_equal(NULL, '$N/A')").fetchall() == [
        (True, True)
    ]
    assert connection.sql(
        "SELECT count(*) FROM (SELECT '1' AS a WHERE false) WHERE response_equal(a, a)"
    ).fetchall() == [(0,)]


@pytest.mark.parametrize("function", ["response_key", "canonical_response"])
def test_tolerance_is_rejected_where_classes_are_needed(connection: duckdb.DuckDBPyConnection, function: str) -> None:
    with pytest.raises(duckdb.Error, match="makes classes, found TOLERANCE"):
        connection.sql(f"SELECT {function}('1', 'TOLERANCE 1')").fetchall()
