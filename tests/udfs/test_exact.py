"""Sums and means that are exact before they are rounded."""

import math
from fractions import Fraction

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import udfs
from udfs.exact import exact_mean, exact_sum

FINITE = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from((0.1, 0.2, 0.3, 5e-324, -5e-324, 1.7976931348623157e308, -1.7e308, 2.0**53, 1.0, -0.0)),
)


def rounded(exact: Fraction) -> float:
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


@given(st.lists(FINITE, min_size=1, max_size=20))
def test_a_sum_and_a_mean_are_the_nearest_doubles(numbers: list[float]) -> None:
    total = sum(map(Fraction, numbers), Fraction(0))
    assert exact_sum(np.array(numbers)) == rounded(total)
    assert exact_mean(np.array(numbers)) == rounded(total / len(numbers))


def test_many_numbers_of_one_power_do_not_overflow() -> None:
    numbers = np.full(5000, 1.7976931348623157e308)
    assert exact_mean(numbers) == exact_mean(-numbers) * -1 == numbers[0]


@pytest.mark.parametrize(
    ("numbers", "result"),
    [([math.inf, 1.0], math.inf), ([-math.inf, 1.7e308], -math.inf), ([math.inf, -math.inf], math.nan)],
)
def test_numbers_that_are_not_finite(numbers: list[float], result: float) -> None:
    found = exact_sum(np.array(numbers)), exact_mean(np.array(numbers))
    assert str(found) == str((result, result))


def test_aggregates_do_not_depend_on_threads_and_order() -> None:
    with duckdb.connect() as connection:
        udfs.register(connection)
        connection.execute(
            "CREATE TABLE t AS SELECT i % 3 AS k, sin(i) * 10.0 ** (i % 40 - 20) AS x FROM range(200000) AS t(i)"
        )
        query = (
            "SELECT k, exact_sum(x), exact_avg(x), exact_avg(NULL), exact_sum(k::TINYINT) FROM {} GROUP BY k ORDER BY k"
        )
        answers = []
        for threads, rows in ((1, "t"), (4, "t"), (2, "(FROM t ORDER BY x)")):
            connection.execute(f"SET threads = {threads}")
            answers.append(connection.sql(query.format(rows)).fetchall())
        of_first = [x for (x,) in connection.sql("SELECT x FROM t WHERE k = 0").fetchall()]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0][1:4] == (math.fsum(of_first), rounded(sum(map(Fraction, of_first)) / len(of_first)), None)
