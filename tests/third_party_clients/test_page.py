"""The examples of docs/clients.md work as shown."""

import doctest
import re
import shutil
from pathlib import Path

import pytest

from .page import PAGE
from .tools import GO_BUILD, GO_MODULE, go, java

ADDRESS = "127.0.0.1:4000"
JAVA = "import java.sql.*;\nclass Page {{ public static void main(String[] _a) throws Exception {{\n{}}} }}\n"
GO = """package main

import (
	"database/sql"
	"fmt"

	_ "github.com/apache/arrow-adbc/go/adbc/sqldriver/flightsql"
)

func main() {{
{}}}
"""


@pytest.fixture(scope="module")
def page(uri: str) -> str:
    return PAGE.read_text(encoding="utf-8").replace(ADDRESS, uri.removeprefix("grpc://"))


def shown(page: str, language: str) -> tuple[str, str]:
    """Return the example in a language, and its output."""
    (found,) = re.findall(rf"```{language}\n(.*?)```\n\n```text\n(.*?)```", page, re.DOTALL)
    return found


def test_the_lines_of_python(page: str) -> None:
    parsed = doctest.DocTestParser().get_doctest(page.replace("```", ""), {}, PAGE.name, str(PAGE), 0)
    results = doctest.DocTestRunner().run(parsed)
    assert results.attempted >= 14
    assert results.failed == 0


def test_the_lines_of_java(page: str, driver: str, tmp_path: Path) -> None:
    lines, printed = shown(page, "java")
    (tmp_path / "Page.java").write_text(JAVA.format(lines), encoding="utf-8")
    ran = java(driver, tmp_path / "Page.java")
    assert ran.stdout == printed, ran.stderr


@pytest.mark.usefixtures("go_modules")
def test_the_lines_of_go(page: str, tmp_path: Path) -> None:
    lines, printed = shown(page, "go")
    for name in ("go.mod", "go.sum"):
        shutil.copy(GO_MODULE / name, tmp_path)
    (tmp_path / "main.go").write_text(GO.format(lines), encoding="utf-8")
    ran = go("run", *GO_BUILD, ".", cwd=tmp_path)
    assert ran.stdout == printed, ran.stderr
