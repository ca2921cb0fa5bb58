"""`srcql query`: ask, and print or keep the answer."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated

import typer

from .target import Server, Warehouse, connect


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


def query(
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="SRCQL or SQL; - reads standard input.")] = None,
    file: Annotated[Path | None, typer.Option(metavar="F", help="A file with the text, instead of TEXT.")] = None,
    format: Annotated[Format, typer.Option(help="How the rows are written.")] = Format.TABLE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="A file for the rows, instead of the screen.")
    ] = None,
    server: Server = None,
    warehouse: Warehouse = None,
) -> None:
    """Run a query and write its rows."""
    asked = _text(text, file)
    if format is Format.PARQUET and output is None and sys.stdout.isatty():
        raise typer.BadParameter("Parquet is no text: name a file by -o, or send it into a pipe", param_hint="--format")
    with connect(server, warehouse) as lakehouse:
        rows = lakehouse.stream(asked)
        from .. import formats

        with opened(output) as out:
            formats.write(format, rows, out, _width(output))


def _text(text: str | None, file: Path | None) -> str:
    if (text is None) == (file is None):
        raise typer.BadParameter(
            "give the query as TEXT, as a file by --file F, or as - on standard input", param_hint="TEXT"
        )
    try:
        asked = file.read_text(encoding="utf-8") if file is not None else sys.stdin.read() if text == "-" else str(text)
        asked.encode()  # a shell hands on whatever bytes it is given
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}", param_hint="--file") from None
    except UnicodeError:
        hint = "--file" if file else "TEXT"
        raise typer.BadParameter(f"{file or 'the query'} is not UTF-8", param_hint=hint) from None
    return asked


def _width(output: Path | None) -> int | None:
    """Columns of the terminal that is written to, None when it is none."""
    import shutil

    return shutil.get_terminal_size().columns if output is None and sys.stdout.isatty() else None


@contextmanager
def opened(output: Path | None) -> Iterator[IO[bytes]]:
    """Where the rows go; a file that was not finished does not stay."""
    if output is None:
        try:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # The reader has seen enough; Python must not flush into the closed pipe at its end.
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
