"""`srcql query`: run a query and print or save its rows."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated

import typer

from .target import Server, Warehouse, connect


class Format(StrEnum):
    """The format of the rows."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


def query(
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="Query in SRCQL or SQL; - reads it from standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option(metavar="F", help="Read the query from this file.")] = None,
    format: Annotated[Format, typer.Option(help="Format of the rows.")] = Format.TABLE,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead of standard output."),
    ] = None,
    server: Server = None,
    warehouse: Warehouse = None,
) -> None:
    """Run a query and write its rows."""
    statement = _read_text(text, file)
    if format is Format.PARQUET and output is None and sys.stdout.isatty():
        raise typer.BadParameter(
            "Parquet cannot be printed on a terminal; use -o FILE or a pipe", param_hint="--format parquet"
        )
    with connect(server, warehouse) as lakehouse:
        rows = lakehouse.stream(statement)
        from .. import formats

        with open_output(output) as out:
            formats.write(format, rows, out, _width(output))


def _read_text(text: str | None, file: Path | None) -> str:
    if (text is None) == (file is None):
        raise typer.BadParameter(
            f"expected one query, found {'none' if text is None else 'TEXT and --file'}; "
            "pass TEXT, --file F, or - for standard input",
            param_hint="TEXT",
        )
    try:
        query = file.read_text(encoding="utf-8") if file is not None else sys.stdin.read() if text == "-" else str(text)
        query.encode()  # a shell passes any bytes
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}", param_hint="--file") from None
    except UnicodeError:
        hint = "--file" if file else "TEXT"
        raise typer.BadParameter(f"{file or 'the query'} is not UTF-8", param_hint=hint) from None
    return query


def _width(output: Path | None) -> int | None:
    """Return the columns of the terminal that the rows go to, None if they go elsewhere."""
    return shutil.get_terminal_size().columns if output is None and sys.stdout.isatty() else None


@contextmanager
def open_output(output: Path | None) -> Iterator[IO[bytes]]:
    """Open the file, or standard output; an error in the block removes the incomplete file."""
    if output is None:
        try:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # The reader of the pipe is gone; without this, Python flushes into it at exit and fails.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    try:
        file = output.open("wb")
    except OSError as error:
        raise typer.BadParameter(f"{output} cannot be written: {error.strerror}", param_hint="--output") from None
    try:
        with file:
            yield file
    except BaseException:
        if output.is_file():
            with suppress(OSError):
                output.unlink()
        raise
