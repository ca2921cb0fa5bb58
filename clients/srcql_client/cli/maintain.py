"""`srcql maintain`: remove files that nothing uses, or verify all files."""

from typing import Annotated

import typer

from srcql.environment import catalog_properties

from ..extras import extra
from .target import Warehouse, folder


def maintain(
    warehouse: Warehouse = None,
    verify: Annotated[bool, typer.Option(help="Read all files and name the damaged ones; change nothing.")] = False,
) -> None:
    """Remove files that nothing uses from a warehouse, or verify all of its files.

    Removes what killed writers left more than a day ago. With --verify, removes nothing: it reads every file, compares
    it with its checksum, and exits with 1 if one is damaged or missing.
    """
    with extra("embedded", "a warehouse in a folder"):
        from lakehouse.verification import verify as verify_files
        from lakehouse.warehouse import open_warehouse

        from ..formats import counted
    with open_warehouse(folder(warehouse), create=False, catalog=catalog_properties()) as opened:
        if not verify:
            typer.echo(f"removed {counted(opened.remove_orphans(), 'orphan file')}")
            return
        found = verify_files(opened)
    for line in found.damage:
        typer.echo(line)
    size = f"{counted(found.files, 'data file')}, {counted(found.rows, 'row')}, {found.bytes / 1e6:,.2f} MB"
    typer.echo(f"{size}: {f'{len(found.damage):,} damaged or missing' if found.damage else 'no damage'}")
    if found.damage:
        raise typer.Exit(1)
