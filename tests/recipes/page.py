"""The recipes of the page, and results in the form of its tables."""

import re
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from tests.srcql.test_language_page import cell

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text(encoding="utf-8")
STATEMENT = re.compile(r"```sql\n(.*?)\n```\n(?:\n(\|.*?\n)(?:\n|\Z))?", re.DOTALL)


@dataclass(frozen=True)
class Recipe:
    """A statement of the page; `result` is the table after it, empty if the rows go into a file."""

    title: str
    text: str
    result: str

    @property
    def columns(self) -> list[str]:
        return self.result.split("\n")[0].strip("| ").split(" | ")


RECIPES = {
    f"{title} {number}".removesuffix(" 1"): Recipe(title, text, result)
    for title, section in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    for number, (text, result) in enumerate(STATEMENT.findall(section), start=1)
}


def shown(table: pa.Table) -> str:
    """Return a result as a table of the page."""
    rows = [list(row.values()) for row in table.to_pylist()]
    lines = [table.column_names, ["---"] * table.num_columns, *rows]
    return "".join("| " + " | ".join(map(cell, line)) + " |\n" for line in lines)
