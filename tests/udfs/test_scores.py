"""Entropy, pass@k, and the scores of implementations by the responses they share."""

from fractions import Fraction
from math import comb, log

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs import LAWS
from udfs.entropy import entropies, entropy
from udfs.passes import pass_at_k
from udfs.scores import codet, mbr

samples = st.integers(0, 60).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n) if n else st.just(1))
)
distributions = st.lists(st.integers(0, 10**6), min_size=1, max_size=20).flatmap(
    lambda counts: st.tuples(st.just(counts), st.permutations(counts))
)
problems = st.tuples(st.integers(1, 5), st.integers(0, 4)).flatmap(
    lambda size: st.lists(
        st.lists(st.none() | st.integers(0, 2), min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0]
    )
)


@LAWS
@given(samples)
def test_pass_at_k_agrees_with_binomials(numbers: tuple[int, int, int]) -> None:
    n, c, k = numbers
    expected = None if k > n else 1 - Fraction(comb(n - c, k), comb(n, k))
    found = pass_at_k(n, c, k)
    assert found == (None if expected is None else pytest.approx(float(expected), rel=1e-14, abs=0))
    assert found is None or (found == 0) == (c == 0)
    assert found is None or n - c >= k or found == 1


@pytest.mark.parametrize("numbers", [(10**4, 3, 100), (10**6, 2, 3), (10**6, 1000, 700), (10**9, 2, 2), (10**5, 7, 9)])
def test_pass_at_k_keeps_its_digits(numbers: tuple[int, int, int]) -> None:
    n, c, k = numbers
    left = Fraction(1)
    for place in range(min(c, k)):
        left *= Fraction(n - max(c, k) - place, n - place)
    assert pass_at_k(n, c, k) == pytest.approx(float(1 - left), rel=1e-12, abs=0)


def test_pass_at_k_of_many_is_certain_at_once() -> None:
    assert pass_at_k(10**9, 5 * 10**8, 10**8) == 1.0
    assert pass_at_k(10**9, 0, 10**9) == 0.0


@LAWS
@given(samples)
def test_more_draws_or_more_right_samples_do_not_lower_pass_at_k(numbers: tuple[int, int, int]) -> None:
    n, c, k = numbers
    found = pass_at_k(n, c, k)
    for more in ((n, c + 1, k), (n, c, k + 1)):
        better = pass_at_k(*more) if max(more[1:]) <= n else None
        assert found is None or better is None or better >= found - 1e-15


def test_plain_sql_computes_pass_at_k(database: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT pass_at_k(n, c, k) FROM (VALUES (1, 10, 3, 1), (2, 5, 2, NULL), (3, 5, 5, 6), (4, 4, 2, 2)," \
          " (5, NULL, 1, 1), (6, 10, 3, 1)) AS t(i, n, c, k) ORDER BY i"  # fmt: skip
    rows = database.sql(sql).fetchall()
    assert rows == [(0.3,), (None,), (None,), (pytest.approx(5 / 6),), (None,), (0.3,)]
    assert database.sql("SELECT pass_at_k(NULL, NULL, NULL)").fetchall() == [(None,)]
    for wrong in ("3, 4, 1", "3, -1, 1", "3, 1, 0", "1000000001, 1, 1"):
        with pytest.raises(duckdb.Error, match="expected 0 <= c <= n"):
            database.sql(f"SELECT pass_at_k({wrong})").fetchall()


@LAWS
@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=20).flatmap(
        lambda c: st.tuples(st.just(c), st.permutations(c))
    )
)
def test_entropy_does_not_depend_on_the_order(counts: tuple[list[int], list[int]]) -> None:
    given_order, other = (entropies(pa.array([part])).to_pylist() for part in counts)
    assert given_order == other
    nonzero = [count for count in counts[0] if count]
    assert given_order[0] is None or -1e-12 <= given_order[0] <= log(len(nonzero)) + 1e-12
    assert (given_order[0] is None) == (not nonzero)


def test_entropy_of_equal_classes_and_of_halves() -> None:
    assert entropy((5,) * 8) == pytest.approx(log(8), rel=1e-15)
    assert entropy((1, 1, 2)) == pytest.approx(1.5 * log(2), rel=1e-15)
    assert entropy((4,)) == 0.0


def test_plain_sql_computes_entropy(database: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT entropy_nats([2, NULL, 2, 0]), entropy_nats([]), entropy_nats(NULL), entropy_nats([0])"
    assert database.sql(sql).fetchall() == [(log(2), None, None, None)]
    assert database.sql("SELECT entropy(i) FROM range(4) AS t(i)").fetchall() == [(2.0,)]
    with pytest.raises(duckdb.Error, match="expected counts of at least 0, found -1"):
        database.sql("SELECT entropy_nats([2, -1])").fetchall()


@LAWS
@given(problems)
def test_mbr_counts_equal_pairs(cells: list[list[int | None]]) -> None:
    places = range(len(cells))
    assert mbr(cells) == [
        sum(
            cells[i][test] is not None and cells[i][test] == cells[j][test]
            for j in places
            if j != i
            for test in range(len(cells[i]))
        )
        for i in places
    ]


@LAWS
@given(problems)
def test_codet_counts_those_that_pass_the_same(cells: list[list[int | None]]) -> None:
    passed = [[None if cell is None else cell > 0 for cell in row] for row in cells]
    same = [[[cell is True for cell in row] == [cell is True for cell in other] for other in passed] for row in passed]
    assert codet(passed) == [sum(row) * sum(cell is True for cell in passed[i]) ** 2 for i, row in enumerate(same)]


def test_plain_sql_computes_scores(database: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT mbr_scores([[1, 2], [1, NULL], [1, 2]]), codet_scores([[true, true], [NULL, true]])"
    assert database.sql(sql).fetchall() == [([3, 2, 3], [4, 1])]
    assert database.sql("SELECT mbr_scores(NULL), codet_scores([])").fetchall() == [(None, [])]
    for wrong, what in (("mbr_scores([[1], [1, 2]])", "found 1 and 2"), ("codet_scores([[true], NULL])", "found NULL")):
        with pytest.raises(duckdb.Error, match=f"expected the same number of tests for every implementation, {what}"):
            database.sql(f"SELECT {wrong}").fetchall()


def test_counts_may_be_of_any_whole_type(database: duckdb.DuckDBPyConnection) -> None:
    numbers = "sum(1), count_if(i < 3), 1::UTINYINT"
    assert database.sql(f"SELECT pass_at_k({numbers}) FROM range(10) AS t(i)").fetchall() == [(0.3,)]
    counts = "entropy_nats([sum(i), count_if(i = 1) * 45]), entropy_nats([100000000000000000000000000000::HUGEINT])"
    assert database.sql(f"SELECT {counts} FROM range(10) AS t(i)").fetchall() == [(log(2), 0.0)]
    for wrong in ("10::HUGEINT * 1000000000000000000000, 1, 1", "3, 1, -170141183460469231731687303715884105727"):
        with pytest.raises(duckdb.Error, match="pass_at_k: expected numbers of at most 1,000,000,000, found"):
            database.sql(f"SELECT pass_at_k({wrong})").fetchall()
