"""Which lakehouse a command talks to: `--server` or `--warehouse`, or the environment's word for either."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..connection import Connection

Server = Annotated[
    str | None, typer.Option(metavar="URI", help="The server to ask, grpc://host:port; or set SRCQL_SERVER.")
]
Warehouse = Annotated[
    str | None, typer.Option(metavar="DIR", help="The folder of a warehouse to open; or set SRCQL_WAREHOUSE.")
]


def connect(server: str | None, warehouse: str | None) -> "Connection":
    """The lakehouse of the one place that is named; an option outweighs the environment."""
    if server is None and warehouse is None:
        server, warehouse = os.environ.get("SRCQL_SERVER"), os.environ.get("SRCQL_WAREHOUSE")
    # An empty text is no name: that of a variable that is not set would be the folder one stands in.
    if bool(server) == bool(warehouse):
        said = "both are given" if server else "neither is given"
        raise typer.BadParameter(
            f"name one lakehouse (or set SRCQL_SERVER or SRCQL_WAREHOUSE): {said}",
            param_hint="--server or --warehouse",
        )
    if server and not server.startswith("grpc://"):
        raise typer.BadParameter(f"expected grpc://host:port, found {server}", param_hint="--server")
    from ..connection import connect as connect_to

    return connect_to(server or str(warehouse))
