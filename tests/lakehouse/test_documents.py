"""The pages about the store: their examples run, and their tables match the schema."""

import doctest
import re
from pathlib import Path

import pytest

from lakehouse.query.overviews import OVERVIEWS
from lakehouse.tables import schema_of
from srcql.schema import TABLES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["store.md", "ingest.md"])
def test_examples_are_real(page: str) -> None:
    result = doctest.testfile(str(DOCS / page), module_relative=False)
    assert result.attempted
    assert not result.failed


def test_every_column_is_described() -> None:
    row = re.compile(r"^\| (\d+) \| `(\w+)` \| (\w+) \| (yes)? ?\|", re.MULTILINE)
    described = [
        (int(found[1]), found[2], found[3], bool(found[4])) for found in row.finditer((DOCS / "store.md").read_text())
    ]
    schemas = [schema_of(TABLES[name]) for name in ("observations", "tests", "code_implementations")]
    fields = [field for schema in schemas for field in schema.fields]
    assert described == [(field.field_id, field.name, str(field.field_type), field.required) for field in fields]


def test_every_column_of_a_view_is_described() -> None:
    page = (DOCS / "store.md").read_text(encoding="utf-8")
    for name in ("problems", "implementations", "runs", "snapshots"):
        table = page.split(f"| column of `{name}` | |\n|---|---|\n")[1].split("\n\n")[0]
        assert table == "\n".join(f"| `{column}` | {comment} |" for column, comment in OVERVIEWS[name].columns.items())
    assert re.findall(r"^\| `(\w+)` \| (?:an? |what `)", page, re.MULTILINE) == list(OVERVIEWS)
