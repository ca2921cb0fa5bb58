"""`srcql demo`: in one minute, what this is for."""

from typing import Annotated

import typer


def demo(
    warehouse: Annotated[
        str | None, typer.Option(metavar="DIR", help="Where to keep what is observed; a temporary folder if not given.")
    ] = None,
) -> None:
    """See in a minute what this is for.

    Runs several implementations of a few problems, keeps what they did, and asks about it.
    """
    from ..demo.show import run

    run(warehouse)
