"""`srcql import`: files of others, once and no more than once."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ..importers import Part
from .target import Server, Warehouse, connect

app = typer.Typer(
    help="Import files of other tools.\n\nThe same file imported again adds nothing.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Files = Annotated[Path, typer.Argument(metavar="PATH", help="A Parquet file, or a folder of them.")]


@app.command()
def arena(
    path: Files,
    data_set: Annotated[str | None, typer.Option(metavar="D", help="The data set that its problems belong to.")] = None,
    server: Server = None,
    warehouse: Warehouse = None,
) -> None:
    """Import the raw export of a LASSO arena.

    Its observations, specified oracles and tests become rows of the data set D.
    """
    if not data_set:
        raise typer.BadParameter("an arena export does not say which it belongs to: name it", param_hint="--data-set")
    from ..importers.arena import read

    _ingest(read(path, data_set), server, warehouse)


@app.command()
def solr(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="JSON, gzipped or not.")],
    data_set: Annotated[str | None, typer.Option(metavar="D", help="The data set that its problems belong to.")] = None,
    server: Server = None,
    warehouse: Warehouse = None,
) -> None:
    """Import the sources of implementations from LASSO's code index.

    The documents of a Solr export become rows of code_implementations in the data set D. Import them before what the
    arena observed: observations then get the hashes of their code.
    """
    if not data_set:
        raise typer.BadParameter("a Solr export does not say which it belongs to: name it", param_hint="--data-set")
    from ..importers.solr import read

    _ingest(read(path, data_set), server, warehouse)


@app.command()
def parquet(
    path: Files,
    table: Annotated[str, typer.Option(metavar="T", help="observations, tests or code_implementations.")],
    server: Server = None,
    warehouse: Warehouse = None,
) -> None:
    """Import rows of one of the three tables."""
    from ..importers.parquet import read

    _ingest(read(path, table), server, warehouse)


def _ingest(parts: Iterator[Part], server: str | None, warehouse: str | None) -> None:
    from ..formats import counted

    with connect(server, warehouse) as lakehouse:
        for part in parts:
            receipt = lakehouse.ingest(part.table, _Watched(part), part.batch_id)
            known = f" ({receipt.rows:,} already there)" if receipt.repeated else ""
            typer.echo(f"{part.file.name}: {counted(receipt.added, 'row')} added to {receipt.table}{known}")


class _Watched:
    """The rows of a part; while they are read, a terminal shows how many."""

    def __init__(self, part: Part) -> None:
        self._part = part

    def __iter__(self) -> Iterator[Any]:
        if not sys.stderr.isatty():
            yield from _batches(self._part.rows)
            return
        from rich.console import Console
        from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        shown = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*shown, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(f"{self._part.file.name}: {self._part.table}", total=None)
            for batch in _batches(self._part.rows):
                progress.advance(task, len(batch))
                yield batch


def _batches(rows: Iterable[Any]) -> Iterable[Any]:
    """Batches of a table, or of what gives batches already."""
    return rows.to_batches() if hasattr(rows, "to_batches") else rows
