"""`srcql demo`: in one minute, what this is for."""

from typing import Annotated

import typer


def demo(
    warehouse: Annotated[
        str | None, typer.Option(metavar="DIR", help="Where to keep what is observed; a temporary folder if not given.")
    ] = None,
) -> None:
    """Run several implementations of a few problems, keep what they did, and ask about it."""
    from ..demo import show

    show.run(warehouse)
