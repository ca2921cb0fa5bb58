"""`srcql import`: files of other tools, each imported at most once."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..importers import Part
from .target import Server, Warehouse, connect

if TYPE_CHECKING:
    import pyarrow as pa

app = typer.Typer(
    help="Import files of other tools.\n\nImporting the same file again adds nothing.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Files = Annotated[Path, typer.Argument(metavar="PATH", help="A file, or a folder; its sub-folders are read, too.")]
Table = Annotated[
    str, typer.Option(metavar="T", help="Table of the rows: observations, tests or code_implementations.")
]
Evolve = Annotated[bool, typer.Option("--evolve", help="Add the columns that the table does not have.")]
DataSet = Annotated[str | None, typer.Option(metavar="D", help="Data set of the imported problems (required).")]


@app.command()
def arena(path: Files, data_set: DataSet = None, server: Server = None, warehouse: Warehouse = None) -> None:
    """Import the raw export of a LASSO arena.

    Adds its observations, expected responses and tests to the data set D.
    """
    name = _require_data_set(data_set, "an arena export names no data set")
    from ..importers.arena import read

    _ingest(read(path, name), path, server, warehouse)


@app.command()
def solr(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="JSON file, optionally gzipped.")],
    data_set: DataSet = None,
    server: Server = None,
    warehouse: Warehouse = None,
) -> None:
    """Import source code from LASSO's code index.

    Adds the documents of a Solr export to the table code_implementations, in the data set D. Import them before the
    arena's observations, so that observations get the hashes of their code.
    """
    name = _require_data_set(data_set, "a Solr export names no data set")
    from ..importers.solr import read

    _ingest(read(path, name), path, server, warehouse)


@app.command()
def parquet(
    path: Files, table: Table, evolve: Evolve = False, server: Server = None, warehouse: Warehouse = None
) -> None:
    """Import rows of one of the three tables from Parquet files."""
    _import_rows(path, table, "parquet", evolve, server, warehouse)


@app.command()
def jsonl(
    path: Files, table: Table, evolve: Evolve = False, server: Server = None, warehouse: Warehouse = None
) -> None:
    """Import rows of one of the three tables from JSON lines.

    Each line is an object with the columns as its keys.
    """
    _import_rows(path, table, "jsonl", evolve, server, warehouse)


@app.command()
def csv(path: Files, table: Table, evolve: Evolve = False, server: Server = None, warehouse: Warehouse = None) -> None:
    """Import rows of one of the three tables from CSV files with a header.

    A field without text is NULL; "" is an empty text.
    """
    _import_rows(path, table, "csv", evolve, server, warehouse)


def _import_rows(path: Path, table: str, format: str, evolve: bool, server: str | None, warehouse: str | None) -> None:
    from ..importers.rows import read

    _ingest(read(path, table, format), path, server, warehouse, evolve)


def _require_data_set(data_set: str | None, reason: str) -> str:
    if not data_set:
        raise typer.BadParameter(f"{reason}: give --data-set", param_hint="--data-set")
    return data_set


def _ingest(parts: Iterator[Part], path: Path, server: str | None, warehouse: str | None, evolve: bool = False) -> None:
    from ..formats import counted

    with connect(server, warehouse) as lakehouse:
        for part in parts:
            receipt = lakehouse.ingest(part.table, _WithProgress(part), part.batch_id, evolve)
            known = f" ({receipt.rows:,} already there)" if receipt.repeated else ""
            name = part.file.relative_to(path) if path.is_dir() else part.file.name
            typer.echo(f"{name}: {counted(receipt.added, 'row')} added to {receipt.table}{known}")


class _WithProgress:
    """The batches of a part; reading them shows the number of rows on a terminal."""

    def __init__(self, part: Part) -> None:
        self._part = part

    def __iter__(self) -> Iterator["pa.RecordBatch"]:
        if not sys.stderr.isatty():
            yield from self._part.batches()
            return
        from rich.console import Console
        from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(f"{self._part.file.name}: {self._part.table}", total=None)
            for batch in self._part.batches():
                progress.advance(task, len(batch))
                yield batch
