"""`srcql restore`: the catalog of a warehouse, from the metadata of its tables."""

from typing import Annotated

import typer

from ..extras import extra
from .target import require_own_catalog


def restore(warehouse: Annotated[str, typer.Argument(metavar="DIR", help="Folder of the warehouse.")]) -> None:
    """Restore the lost or damaged catalog of a warehouse.

    Each table gets its newest complete snapshot. Stop all servers and writers of the warehouse first.
    """
    require_own_catalog("srcql restore")
    with extra("embedded", "a warehouse in a folder"):
        from lakehouse import restore as restore_catalog
    from ..formats import counted

    tables = restore_catalog(warehouse)
    if not any(table.changed for table in tables):
        print(f"nothing to restore in {warehouse}: its catalog names complete metadata")
        return
    for table in tables:
        snapshot = f", snapshot {table.snapshot_id} of {table.committed_at:%Y-%m-%d %H:%M:%S} UTC" if table.rows else ""
        print(f"{table.table}: {counted(table.rows, 'row')}{snapshot}{'' if table.changed else ' (unchanged)'}")
        for path, reason in table.skipped.items():
            print(f"  skipped the newer {path.name}: {reason}")
