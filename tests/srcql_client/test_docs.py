"""The pages of the client are complete, and their examples work."""

import doctest
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main

import lakehouse
import srcql as language
import srcql_client
from flight_server.server import Server
from flight_server.settings import Settings
from srcql_client.cli import app
from srcql_client.cli.query import Format
from srcql_client.formats import FORMATS

from .shell import Ended, free_address, served
from .test_arena import cell, export, oracle, sheet
from .test_solr import unit, written

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "cli.md").read_text()
ADDRESS = "grpc://127.0.0.1:4000"
COMMAND = re.compile(r"^    \$ (.*)\n((?:    (?!\$ ).*\n|\n(?=    ))*)", re.M)
FILE = re.compile(r"save this query as `([\w.]+)`.*?```sql\n(.*?)```", re.S)
TOKEN = re.compile(r"\bsrcql_[\w-]{43}")
SIZE = re.compile(r"\b0\.0[56] MB")  # the demo stores measured times, and so between 0.054 and 0.056 MB


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield each command with its full name."""
    if not hasattr(command, "commands"):
        yield name, command
        return
    for word, inner in command.commands.items():
        yield from commands(inner, f"{name} {word}")


def options(command: Any) -> list[str]:
    return [option for parameter in command.params for option in parameter.opts if option.startswith("-")]


COMMANDS = dict(commands(typer.main.get_command(app), "srcql"))


def test_every_command_has_a_heading() -> None:
    names = list(COMMANDS)
    assert names
    headings = [line[3:] for line in PAGE.splitlines() if line.startswith("## ")]
    assert headings == sorted(names, key=lambda name: PAGE.index(f"\n## {name}\n"))
    assert len(names) == PAGE.count("\n## ")


def test_every_option_is_documented() -> None:
    known = {option for command in COMMANDS.values() for option in options(command)}
    assert {"--server", "--warehouse", "--listen", "--format", "-o", "--file", "--data-set", "--table"} <= known
    assert [option for option in sorted(known) if f"`{option}" not in PAGE and f" {option}" not in PAGE] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_has_a_line_in_its_section(name: str) -> None:
    section = PAGE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    shared = set() if "--server" not in options(COMMANDS[name]) else {"--server", "--warehouse"}
    for option in set(options(COMMANDS[name])) - shared:
        assert re.search(rf"^\|[^|]*`{option}\b[^|]*\| \S", section, re.M), option


def test_every_format_is_documented_and_written() -> None:
    assert [format.value for format in Format] == list(FORMATS)
    assert all(f"| `{format}` |" in PAGE for format in FORMATS)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cli.md", "importers.md"])
def test_the_examples_print_what_the_page_shows(
    srcql: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    export(tmp_path, sheet("push(1)"), *(cell(SYSTEMID=s, Y=y) for s in ("s1", "s2") for y in (0, 1)), oracle(0, "1"))
    written(tmp_path, [unit(content="class Stack {}"), unit(id="s2", content="class Other {}")])
    page = (DOCS / name).read_text().replace(ADDRESS, free_address())
    for file, query in FILE.findall(page):
        Path(file).write_text(query)
    for section in page.split("\n## "):
        with ExitStack() as servers:
            for command, shown in COMMAND.findall(section):
                printed = run(srcql, servers, command)
                assert not shown or lines(printed) == lines(re.sub("(?m)^    ", "", shown)), command


def run(srcql: Callable[..., Ended], servers: ExitStack, command: str) -> str:
    """Run a command of a page and return its output; a server runs until `servers` closes."""
    typed, _, piped = command.rpartition(" | ") if command.startswith("echo ") else ("", "", command)
    program, *arguments = shlex.split(piped)
    assert program == "srcql"
    if arguments[0] == "serve":
        _, warehouse, _, listen = arguments[1:]
        return servers.enter_context(served(Path(warehouse), listen))[1]
    ended = srcql(*arguments, typed="".join(shlex.split(typed)[1:]))
    assert (ended.stderr, ended.returncode) == ("", int("FAILED: " in ended.stdout))
    return ended.stdout


def lines(text: str) -> list[str]:
    return [SIZE.sub("SIZE", TOKEN.sub("TOKEN", line.rstrip())) for line in text.rstrip().splitlines()]


def test_the_examples_of_the_python_page_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    page = (DOCS / "python.md").read_text().replace("```", "")
    with Server(Settings(warehouse="math")) as server:
        examples = doctest.DocTestParser().get_doctest(page.replace(ADDRESS, server.uri), {}, "python.md", None, 0)
        results = doctest.DocTestRunner().run(examples)
    assert results.attempted >= 12
    assert results.failed == 0


@pytest.mark.parametrize("package", [lakehouse, language, srcql_client], ids=lambda package: package.__name__)
def test_every_exported_name_is_documented(package: ModuleType) -> None:
    page = (DOCS / "python.md").read_text()
    assert [name for name in package.__all__ if f"`{name}" not in page] == []
