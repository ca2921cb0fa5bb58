"""`srcql serve`: a server of a warehouse."""

from typing import Annotated

import typer

from ..extras import extra


def serve(
    warehouse: Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder of the warehouse; or set SRCQL_WAREHOUSE.")
    ] = None,
    listen: Annotated[
        str | None, typer.Option(metavar="URI", help="Address to listen on; port 0, the default, picks a free port.")
    ] = None,
    users: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Users file; or set SRCQL_USERS. Without one, clients need no credentials."),
    ] = None,
) -> None:
    """Serve a warehouse over Arrow Flight SQL.

    Prints the URI of the server on the first line. SIGTERM or Ctrl-C stops it after running calls have finished.
    """
    with extra("server", "a server"):
        from flight_server.__main__ import main
    main(warehouse=warehouse, listen=listen, users=users)
