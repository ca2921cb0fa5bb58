"""`srcql status`: the contents of a lakehouse."""

import typer

from .target import Server, Warehouse, connect


def status(server: Server = None, warehouse: Warehouse = None) -> None:
    """Show the contents of a lakehouse.

    Lists data sets with their problems, implementations, runs and rows, then files, bytes and snapshots.
    """
    with connect(server, warehouse) as lakehouse:
        contents = lakehouse.status()
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from ..formats import counted

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("data set")
    for name in ("problems", "implementations", "runs", "rows"):
        table.add_column(name, justify="right")
    for data_set in contents.data_sets:
        counts = (data_set.problems, data_set.implementations, data_set.runs, data_set.rows)
        table.add_row(data_set.data_set_id, *(f"{count:,}" for count in counts))
    console = Console(highlight=False)
    if contents.data_sets:
        console.print(table)
    else:
        typer.echo(f"no observations yet in {lakehouse.location}")
    files, snapshots = counted(contents.files, "file"), counted(contents.snapshots, "snapshot")
    console.print(f"{files}, {contents.bytes / 1e6:,.2f} MB, {snapshots}")
