"""Canonicalisers that installed packages provide."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import udfs
from srcql.compiler import compile
from tests.srcql.spec import cube
from tests.udfs.installed import installed

MODULE = """
def sorted_lines(text):
    return "\\n".join(sorted(text.splitlines()))

def as_number(text):
    return text.strip('"')

def fails(text):
    raise KeyError("page 1\\nof " + text)

def returns_none(text):
    return None

def returns_a_lone_surrogate(text):
    return '"\\ud800"'

number = 5
"""
PROVIDED = {
    "shop": {
        "sorted_lines": "shop:sorted_lines",
        "as number": "shop:as_number",
        "fails": "shop:fails",
        "returns_none": "shop:returns_none",
        "half": "shop:returns_a_lone_surrogate",
        "no_function": "shop:number",
        "no_module": "nowhere:at_all",
        "twice": "shop:as_number",
    },
    "other": {"twice": "shop:sorted_lines"},
}

FAILURES = {
    "fails": r"canonicaliser fails raised KeyError: 'page 1\\nof \"b\\\\na\"', for the text \"b\\na\"",
    "returns_none": "canonicaliser returns_none: expected text, found None",
    "half": "canonicaliser half: expected text, found ",
    "no_function": "canonicaliser no_function raised TypeError: 'int' object is not callable",
    "no_module": "canonicaliser no_module raised ModuleNotFoundError: No module named 'nowhere'",
    "twice": "canonicaliser twice raised LookupError: several packages provide it: shop:as_number, shop:sorted_lines",
    "unheard_of": "unknown canonicaliser unheard_of; installed: as number, fails, half",
}


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path) -> Iterator[None]:
    """Two packages that provide canonicalisers."""
    with installed(tmp_path, "shop", MODULE, PROVIDED):
        yield


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        udfs.register(opened)
        yield opened


def test_names_are_those_of_the_entry_points() -> None:
    assert set(udfs.canonicalisers()) == set(PROVIDED["shop"])


def test_values_go_through_before_they_are_compared(connection: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT canonical_response($1, $2)"
    for output, equality, text in [
        ("b\na", "THROUGH sorted_lines", "VALUE\x1fa\nb"),
        ('"1.04"', "DIGITS 2 THROUGH 'as number'", "VALUE\x1f1e0"),
        ('"null"', 'THROUGH "as number"', "VALUE\x1fnull"),
        ('"$N/A"', 'THROUGH "as number"', "VALUE\x1f$N/A"),
        ("null", "THROUGH fails", "NULL"),
        ("$EXCEPTION@E@m", "THROUGH fails", "EXCEPTION\x1fE"),
        ("$CUT@Shop@3", "THROUGH fails", "REF\x1f3"),
        (None, "THROUGH fails", "NA"),
    ]:
        assert connection.execute(sql, [output, equality]).fetchall() == [(text,)]


@pytest.mark.parametrize(("name", "message"), FAILURES.items())
def test_a_failure_names_the_canonicaliser_and_the_output(
    connection: duckdb.DuckDBPyConnection, name: str, message: str
) -> None:
    with pytest.raises(duckdb.Error, match=message):
        connection.execute("SELECT response_key($1, $2)", ['"b\\na"', f"THROUGH {name}"]).fetchall()


def test_a_verb_compares_through_it() -> None:
    quoted = "* REPLACE (CASE implementation_id WHEN 'b' THEN '\"' || output || '\"' ELSE output END AS output)"
    statement = f"CLUSTER FROM (SELECT {quoted} FROM observations WHERE problem_id = 'abs') STEPS 1"
    with cube() as database:
        apart, together = (
            database.sql(compile(f"SELECT implementations FROM ({text})").sql).fetchall()
            for text in (statement, statement.replace("STEPS", "USING THROUGH 'as number' STEPS"))
        )
    assert (["a"],) in apart
    assert (["b"],) in apart
    assert (["a", "b"],) in together
