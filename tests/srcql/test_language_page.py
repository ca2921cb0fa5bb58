"""The examples of the language page return the results that it shows."""

import re
from pathlib import Path

import duckdb
import pytest

from srcql.compiler import compile
from srcql.errors import SrcqlError
from tests.srcql.spec import cube

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sql\n(.*?)\n```\n\n(```text\n.*?\n```|\|.*?\n)(?:\n|\Z)", PAGE, re.DOTALL)
WORDS = {"None": "NULL", "True": "true", "False": "false"}


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    return cube()


def shown(database: duckdb.DuckDBPyConnection, text: str) -> str:
    try:
        result = database.sql(compile(text).sql)
    except SrcqlError as error:
        return f"```text\n{error}\n```"
    lines = [result.columns, ["---"] * len(result.columns), *result.fetchall()]
    return "".join("| " + " | ".join(map(cell, line)) + " |\n" for line in lines)


def cell(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(cell, value))}]"
    return f"{value:.4g}" if isinstance(value, float) else WORDS.get(str(value), str(value))


@pytest.mark.parametrize(("text", "result"), EXAMPLES, ids=[text.split("\n")[0] for text, _ in EXAMPLES])
def test_an_example_returns_the_result_beside_it(database: duckdb.DuckDBPyConnection, text: str, result: str) -> None:
    assert shown(database, text) == result


def test_every_example_has_its_result() -> None:
    assert len(EXAMPLES) == PAGE.count("```sql") > 9
