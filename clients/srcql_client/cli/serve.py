"""`srcql serve`: a warehouse for others to ask and to fill."""

from typing import Annotated

import typer

from ..extras import extra


def serve(
    warehouse: Annotated[
        str | None, typer.Option(metavar="DIR", help="The folder of the warehouse; or set SRCQL_WAREHOUSE.")
    ] = None,
    listen: Annotated[
        str | None, typer.Option(metavar="URI", help="Where to listen; port 0 is any free one, and the default.")
    ] = None,
    users: Annotated[
        str | None, typer.Option(metavar="FILE", help="The users file; or set SRCQL_USERS. Without one all are let in.")
    ] = None,
) -> None:
    """Serve a warehouse over Arrow Flight SQL.

    The first line printed is the server's URI. SIGTERM or Ctrl-C ends it, after what runs has ended.
    """
    with extra("server", "a server"):
        from flight_server.__main__ import main
    main(warehouse=warehouse, listen=listen, users=users)
