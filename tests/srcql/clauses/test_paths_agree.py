"""A verb compiled in the user's text and a verb in sqlglot's tree return the same rows."""

import re
from pathlib import Path

import duckdb
import pytest
import sqlglot

from srcql.compiler import compile
from tests.srcql.spec import STATEMENTS, Block, blocks, cube

PAGE = Path(__file__).parents[3] / "docs" / "language.md"


def statements() -> list[Block]:
    found = [block for name in STATEMENTS for block in blocks(name)]
    examples = re.findall(r"```sql\n(.*?)\n```\n\n\|", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [*found, *(Block(text.split("\n")[0], (text,), "") for text in examples)]


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    connection = cube(threads=1)
    connection.execute(f"CREATE TABLE clusters AS FROM ({compile('CLUSTER FROM Demo').sql})")
    later = "CLUSTER FROM Demo.abs WHERE test_id = 't2' STEPS 1"
    connection.execute(f"CREATE TABLE later_clusters AS FROM ({compile(later).sql})")
    return connection


@pytest.mark.parametrize("block", statements(), ids=lambda block: block.title)
def test_both_paths_give_the_same_rows(database: duckdb.DuckDBPyConnection, block: Block) -> None:
    text = block.statements[0]
    tree = sqlglot.parse(text, read="srcql")[0]
    assert tree is not None
    lowered, printed = database.sql(compile(text).sql), database.sql(tree.sql(dialect="duckdb"))
    assert (printed.columns, printed.types) == (lowered.columns, lowered.types)
    assert printed.fetchall() == lowered.fetchall()
