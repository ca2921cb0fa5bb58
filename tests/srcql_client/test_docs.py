"""The pages of the client are complete, and their examples work."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from srcql_client.cli import app
from srcql_client.cli.query import Format
from srcql_client.formats import FORMATS

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield each command with its full name."""
    if not hasattr(command, "commands"):
        yield name, command
        return
    for word, inner in command.commands.items():
        yield from commands(inner, f"{name} {word}")


def test_every_command_has_a_heading() -> None:
    names = [name for name, _ in commands(typer.main.get_command(app), "srcql")]
    assert names
    assert [line[3:] for line in PAGE.splitlines() if line.startswith("## ")] == sorted(names, key=PAGE.index)
    assert len(names) == PAGE.count("\n## ")


def test_every_option_is_documented() -> None:
    options = {
        option
        for _, command in commands(typer.main.get_command(app), "srcql")
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("-")
    }
    assert {"--server", "--warehouse", "--listen", "--format", "-o", "--file", "--data-set", "--table"} <= options
    assert [option for option in sorted(options) if f"`{option}" not in PAGE and f" {option}" not in PAGE] == []


def test_every_format_is_documented_and_written() -> None:
    assert [format.value for format in Format] == list(FORMATS)
    assert all(f"| `{format}` |" in PAGE for format in FORMATS)
