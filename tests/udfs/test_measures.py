"""Measures that installed packages provide."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import udfs
from tests.udfs.installed import installed

MODULE = """
from fractions import Fraction

def same_length(left, right):
    if "once" in (left, right):
        raise KeyError("again" if _seen else _seen.append(1) or "first")
    return len(left) == len(right) and 1 or 0

_seen = []

def third(left, right):
    return Fraction(1, 3)

def gives_nan(left, right):
    return float("nan")

def gives_true(left, right):
    return True

def gives_text(left, right):
    return "0.5"

def upper(text):
    return text.upper()
"""
NAMES = {"measure.length": "same_length", "measure.third": "third", "measure.nan": "gives_nan",
         "measure.bool": "gives_true", "measure.text": "gives_text", "measure.lost": "nothing",
         "upper": "upper", "third": "upper"}  # fmt: skip


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database, and a package that provides measures and canonicalisers."""
    provided = {name: f"gauge:{function}" for name, function in NAMES.items()}
    with installed(tmp_path, "gauge", MODULE, {"gauge": provided}), duckdb.connect() as opened:
        udfs.register(opened)
        yield opened


def test_measures_and_canonicalisers_are_distinguished(connection: duckdb.DuckDBPyConnection) -> None:
    assert list(udfs.measures()) == ["bool", "length", "lost", "nan", "text", "third"]
    assert list(udfs.canonicalisers()) == ["third", "upper"]
    sql = "SELECT measure('third', 'a', 'b'), canonical_response('a', 'THROUGH third')"
    assert connection.sql(sql).fetchall() == [(1 / 3, "VALUE\x1fA")]


def test_a_column_of_texts_and_of_names(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.sql(
        "SELECT measure(name, l, r) FROM (VALUES (1, 'length', 'ab', 'cd'), (2, 'length', 'ab', 'c'),"
        " (3, 'length', NULL, 'c'), (4, 'third', 'x', 'y'), (5, 'third', 'x', NULL)) AS t(i, name, l, r) ORDER BY i"
    ).fetchall()
    assert rows == [(1.0,), (0.0,), (None,), (1 / 3,), (None,)]


def test_a_measure_is_called_once_for_each_distinct_pair(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error, match=r"measure length raised KeyError: 'first', for the texts once and b"):
        connection.sql("SELECT measure('length', if(i < 100, 'once', ''), 'b') FROM range(100) AS t(i)").fetchall()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nan", "measure nan: expected a finite number, found nan, for the texts a and b"),
        ("bool", "measure bool: expected a finite number, found True"),
        ("text", "measure text: expected a finite number, found '0.5'"),
        ("lost", "measure lost raised AttributeError"),
        ("upper", "unknown measure upper; installed: bool, length"),
    ],
)
def test_a_failure_names_the_measure_and_the_texts(
    connection: duckdb.DuckDBPyConnection, name: str, message: str
) -> None:
    with pytest.raises(duckdb.Error, match=message):
        connection.execute("SELECT measure($1, 'a', 'b')", [name]).fetchall()
