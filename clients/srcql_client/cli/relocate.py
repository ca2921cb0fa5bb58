"""`srcql relocate`: a warehouse whose folder was copied or moved."""

from typing import Annotated

import typer

from ..extras import extra
from .target import require_own_catalog


def relocate(warehouse: Annotated[str, typer.Argument(metavar="DIR", help="Folder of the warehouse.")]) -> None:
    """Make a copied or moved warehouse independent of its former folder.

    Rewrites the paths in its metadata; rows and snapshots stay. Stop all servers and writers of the warehouse first.
    """
    require_own_catalog("srcql relocate")
    with extra("embedded", "a warehouse in a folder"):
        from lakehouse import relocate as relocate_folder
    from ..formats import counted

    done = relocate_folder(warehouse)
    if done.origin is None:
        print(f"nothing to relocate in {warehouse}: its metadata names its own files")
    else:
        print(f"{done.location} no longer names files in {done.origin}; it has {counted(done.snapshots, 'snapshot')}")
