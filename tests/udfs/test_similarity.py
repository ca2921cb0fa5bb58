"""Similarity of texts, lists and sets."""

import random
from functools import cache

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs import LAWS
from udfs.edits import edit_similarities
from udfs.minhash import SIZE, signatures

few_letters = st.text("abé\U0001f600", max_size=8)
keys = st.integers(-(2**63), 2**63 - 1)


def levenshtein(left: str, right: str) -> int:
    """Return the edit similarity by its definition."""

    @cache
    def edits(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        return min(edits(i - 1, j) + 1, edits(i, j - 1) + 1, edits(i - 1, j - 1) + (left[i - 1] != right[j - 1]))

    return edits(len(left), len(right))


@LAWS
@given(st.lists(st.tuples(st.none() | few_letters, st.none() | few_letters), max_size=6))
def test_edit_similarity_agrees_with_its_definition(pairs: list[tuple[str | None, str | None]]) -> None:
    lefts, rights = (pa.array([pair[side] for pair in pairs], pa.string()) for side in (0, 1))
    expected = [
        None
        if left is None or right is None
        else 1.0
        if not left and not right
        else (max(len(left), len(right)) - levenshtein(left, right)) / max(len(left), len(right))
        for left, right in pairs
    ]
    assert edit_similarities(lefts, rights).to_pylist() == expected


def test_edit_similarity_counts_code_points(database: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT edit_similarity('\U0001f600b', 'éb'), edit_similarity('e\u0301', 'é'), edit_similarity(NULL, 'a')"
    assert database.sql(sql).fetchall() == [(0.5, 0.0, None)]


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("jaccard([1, 2, 2], [2, 3])", 1 / 3),
        ("jaccard(['a'], ['a', NULL])", 1.0),
        ("jaccard([], [])", 1.0),
        ("jaccard([1], [])", 0.0),
        ("jaccard([NULL], [])", 1.0),
        ("jaccard(NULL, [])", None),
        ("jaccard([1], NULL)", None),
        ("jaccard([{'t': 'x', 's': 0, 'r': 5}], [{'t': 'x', 's': 0, 'r': 5}, {'t': 'x', 's': 1, 'r': 5}])", 0.5),
        ("jaccard('night', 'nacht')", 3 / 7),
        ("jaccard(NULL, 'nacht')", None),
        ("agreement([1, 2, 3], [1, 3, 3])", 2 / 3),
        ("agreement([1, NULL, 3, NULL], [1, 2, 4, NULL])", 0.5),
        ("agreement(['a', 'b'], ['a'])", 1.0),
        ("agreement([1], [NULL])", None),
        ("agreement([], [])", None),
        ("agreement(NULL, [1])", None),
        ("minhash_similarity(minhash([1, 2, 3]), minhash([3, 2, 1, 1, NULL]))", 1.0),
        ("minhash_similarity(minhash([]), minhash([NULL]))", 1.0),
        ("minhash_similarity(minhash([]), minhash([1]))", 0.0),
        ("minhash_similarity(minhash(NULL), minhash([1]))", None),
    ],
)
def test_similarity_of_lists(database: duckdb.DuckDBPyConnection, call: str, answer: float | None) -> None:
    relation = database.sql(f"SELECT {call} AS answer")
    assert [str(found) for found in relation.types] == ["DOUBLE"]
    assert relation.fetchall() == [(answer,)]


@LAWS
@given(st.lists(st.none() | st.integers(0, 6), max_size=8), st.lists(st.none() | st.integers(0, 6), max_size=8))
def test_jaccard_agrees_with_sets(
    database: duckdb.DuckDBPyConnection, left: list[int | None], right: list[int | None]
) -> None:
    ours, theirs = set(left) - {None}, set(right) - {None}
    expected = len(ours & theirs) / len(ours | theirs) if ours | theirs else 1.0
    sql = "SELECT jaccard($1::INTEGER[], $2::INTEGER[]), jaccard($1::VARCHAR[], $2::VARCHAR[])"
    assert database.execute(sql, [left, right]).fetchall() == [(expected, expected)]


def mixed(number: int) -> int:
    """Return the finaliser of SplitMix64, in Python integers."""
    number = ((number ^ number >> 30) * 0xBF58476D1CE4E5B9) % 2**64
    number = ((number ^ number >> 27) * 0x94D049BB133111EB) % 2**64
    return number ^ number >> 31


def signature(found: set[int]) -> list[int]:
    seeds = [mixed(0x9E3779B97F4A7C15 * (place + 1) % 2**64) for place in range(SIZE)]
    least = [min((mixed(key % 2**64 ^ seed) for key in found), default=2**64 - 1) for seed in seeds]
    return [number - 2**64 if number >= 2**63 else number for number in least]


@LAWS
@given(st.lists(st.none() | st.lists(st.none() | keys, max_size=5), max_size=4))
def test_a_signature_agrees_with_its_definition(sets: list[list[int | None] | None]) -> None:
    found = signatures(pa.array(sets, pa.list_(pa.int64()))).to_pylist()
    assert found == [
        None if members is None else signature({key for key in members if key is not None}) for members in sets
    ]


def test_signatures_estimate_jaccard(database: duckdb.DuckDBPyConnection) -> None:
    drawn = random.Random(5)
    for common in (10, 50, 90):
        members = [drawn.getrandbits(63) for _ in range(200 - common)]
        ours, theirs = members[:100], members[100 - common :]
        sql = "SELECT minhash_similarity(minhash($1), minhash($2)), jaccard($1, $2)"
        [(estimated, similarity)] = database.execute(sql, [ours, theirs]).fetchall()
        assert similarity == common / (200 - common)
        assert abs(estimated - similarity) < 4 * 0.045


def test_the_first_numbers_of_a_published_signature() -> None:
    found = signatures(pa.array([[1, -1, 2**63 - 1]])).to_pylist()[0]
    assert found[:3] == [4136705488814653760, 658006869215568080, 2275223502761582312]


def test_chunks_and_slices_have_the_signatures_of_their_rows(database: duckdb.DuckDBPyConnection) -> None:
    whole = pa.array([[1], [], None, [2, 3], [4]])
    assert signatures(whole[2:4]).to_pylist() == signatures(whole).to_pylist()[2:4]
    many = database.sql("SELECT count(DISTINCT minhash([i, i + 1])) FROM range(5000) AS t(i)").fetchall()
    assert many == [(5000,)]
