"""`srcql query`: run a query and print or save its rows."""

import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from srcql.os_errors import reason

from .output import Output, open_output
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
    output: Output = None,
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
        raise typer.BadParameter(f"{file} cannot be read: {reason(error)}", param_hint="--file") from None
    except UnicodeError:
        hint = "--file" if file else "TEXT"
        raise typer.BadParameter(f"{file or 'the query'} is not UTF-8", param_hint=hint) from None
    return query


def _width(output: Path | None) -> int | None:
    """Return the columns of the terminal that the rows go to, None if they go elsewhere."""
    return shutil.get_terminal_size().columns if output is None and sys.stdout.isatty() else None
