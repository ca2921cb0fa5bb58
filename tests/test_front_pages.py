"""The README and the front page show what their commands print; contributors find the files that pages name."""

import re
import shlex
from pathlib import Path

import pytest

from tests.srcql_client.shell import srcql

ROOT = Path(__file__).parents[1]
CONSOLE = re.compile(r"^    \$ srcql (.*)\n((?:    (?!\$ ).*\n)*)", re.MULTILINE)
FOLDERS = "srcql|udfs|lakehouse|flight_server|clients|tests|docs|benchmarks|.ci|.github"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("front") / "W"
    assert srcql("demo", "--warehouse", folder).returncode == 0
    return folder


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def test_the_readme_shows_what_its_commands_print(warehouse: Path) -> None:
    demo, *queries = CONSOLE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert demo == ("demo --warehouse W", "")
    assert len(queries) == 2
    for command, shown in queries:
        arguments = [str(warehouse) if word == "W" else word for word in shlex.split(command)]
        assert lines(srcql(*arguments, COLUMNS="160").stdout) == lines(shown)


def test_the_front_page_shows_the_rows_of_its_statement(warehouse: Path) -> None:
    page = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    ((statement, table),) = re.findall(r"```sql\n(.*?)```\n\n((?:\|[^\n]*\n)+)", page, re.DOTALL)
    shown = [[cell.strip() for cell in row.strip("| ").split("|")] for row in lines(table)]
    printed = srcql("query", statement, "--warehouse", warehouse).stdout.splitlines()
    rows = [re.split(r" {2,}", row.strip()) for row in printed[:-1]]
    assert [shown[0], *shown[2:]] == [rows[0], *rows[2:]]


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_the_files_that_a_page_names_exist(page: str) -> None:
    named = re.findall(rf"(?<![\w./])((?:{FOLDERS})/[\w./*-]*)", (ROOT / page).read_text(encoding="utf-8"))
    assert len(named) > 10
    named = [path for path in named if "tally" not in path]  # the toy verb that CONTRIBUTING adds
    assert [path for path in named if not any(ROOT.glob(path.rstrip("/.")))] == []
