"""The page about Flight SQL names every message, and only tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from flight_server.protocol import FLIGHT, MESSAGES, SQL
from flight_server.state.options import PARSERS
from lakehouse.query.arrow_types import arrow_type

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "flight-sql.md").read_text(encoding="utf-8")
ROWS = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
PARTS_OF_OTHERS = {
    "Any",
    "StringListValue",
    "SessionOption",
    "SessionOptionValue",
    "SessionError",
    "SessionOptionError",
}
RPCS = {"DoAction", "DoExchange", "DoGet", "DoPut", "GetFlightInfo", "GetSchema", "Handshake", "ListActions"}
RPCS |= {"ListFlights", "PollFlightInfo"}


@cache
def every_test():
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in HERE.rglob("test_*.py")]
    return {node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)}


def names_in(cell):
    return set(re.findall(r"`(\w+)`", cell))


def test_every_message_has_a_row_and_every_row_a_message():
    listed = set().union(*(names_in(row[0]) for row in ROWS))
    assert listed - PARSERS.keys() == {*MESSAGES[SQL], *MESSAGES[FLIGHT], *RPCS} - PARTS_OF_OTHERS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_row_names_tests_that_exist(row):
    if names_in(row[0]) <= PARSERS.keys():
        return  # the row of an option
    tests = {name for name in names_in(row[-1]) if name.startswith("test_")}
    assert tests
    assert tests <= every_test()


def test_every_test_on_the_page_exists():
    assert set(re.findall(r"`(test_\w+)`", PAGE)) <= every_test()


def test_every_option_of_a_session_is_on_the_page():
    listed = set().union(*(names_in(row[0]) for row in ROWS))
    assert PARSERS.keys() <= listed


TYPES = PAGE.partition("| type | Arrow |\n|---|---|\n")[2].partition("\n\n")[0].splitlines()


@pytest.mark.parametrize("row", TYPES)
def test_every_type_is_sent_as_the_page_says(row):
    kinds, arrow = (cell.strip() for cell in row.strip("|").split(" | "))
    names = re.findall(r"""(?:"|\b)[A-Z][A-Z_"]*(?:\(.*?\)|\[\d?\])?""", kinds)
    sent = [str(arrow_type(name)) for name in names]
    said = re.split(r"[;:]", arrow)[0]
    expected = re.findall(r"\w+(?:\(.*?\)|\[.*?\])?", said)
    pairs = zip(sent, expected * (len(sent) if len(expected) == 1 else 1), strict=True)
    assert names
    assert all(found == name or found.startswith(f"{name}<") for found, name in pairs)
