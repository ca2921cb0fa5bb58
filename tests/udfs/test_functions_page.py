"""The functions page: every example returns the result beside it, and every function is on the page."""

import re
from pathlib import Path

import duckdb
import pytest

import udfs
from tests.srcql.test_language_page import cell

PAGE = (Path(__file__).parents[2] / "docs" / "functions.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\| `(.*)` \| (.*) \|$", PAGE.split("## Examples")[1].split("## Cost")[0], re.MULTILINE)


@pytest.mark.parametrize(("call", "result"), EXAMPLES, ids=[call for call, _ in EXAMPLES])
def test_an_example_returns_the_result_beside_it(database: duckdb.DuckDBPyConnection, call: str, result: str) -> None:
    ((answer,),) = database.sql(f"SELECT {call}").fetchall()
    assert cell(answer) == result


def test_every_function_is_on_the_page_with_its_types() -> None:
    known = "SELECT DISTINCT database_name, function_name FROM duckdb_functions()"
    with duckdb.connect() as connection:
        own = set(connection.sql(known).fetchall())
        udfs.register(connection)
        names = {name for _, name in set(connection.sql(known).fetchall()) - own if not name.startswith("__")}
    described = set(re.findall(r"^\| `(\w+)\([^`]*\) -> [A-Z]+(?:\[\])?`", PAGE, re.MULTILINE))
    assert names == described
    assert all(any(f"{name}(" in call for call, _ in EXAMPLES) for name in names - {"measure"})
