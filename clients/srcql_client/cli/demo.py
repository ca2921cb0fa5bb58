"""`srcql demo`: a tour of SRCQL in one minute."""

from typing import Annotated

import typer

from .target import require_own_catalog


def demo(
    warehouse: Annotated[
        str | None, typer.Option(metavar="DIR", help="Keep the observations in this folder; default: a temporary one.")
    ] = None,
) -> None:
    """See SRCQL at work, in one minute.

    Runs 27 implementations of four problems, stores the observations in a lakehouse, and queries them.
    """
    require_own_catalog("srcql demo")
    from ..demo.show import run

    run(warehouse)
