"""Which lakehouse a command talks to: `--server` or `--warehouse`, or the environment's word for either."""

import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..connection import Connection

Server = Annotated[
    str | None, typer.Option(metavar="URI", help="The server to ask, grpc[+tls]://host:port; or set SRCQL_SERVER.")
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
    if server and not server.startswith(("grpc://", "grpc+tls://")):
        raise typer.BadParameter(f"expected grpc://host:port, found {server}", param_hint="--server")
    from ..connection import connect as connect_to

    return connect_to(server, **_access()) if server else connect_to(str(warehouse))


def _access() -> dict[str, Any]:
    """What the environment says of oneself: a password on the command line could be read by others."""
    names = ("user", "password", "token", "tls_roots")
    said: dict[str, Any] = {name: os.environ.get(f"SRCQL_{name.upper()}") or None for name in names}
    if said["user"] and not said["password"] and sys.stdin.isatty():
        said["password"] = typer.prompt(f"Password of {said['user']}", hide_input=True, err=True)
    pair = tuple(os.environ.get(name) for name in ("SRCQL_CLIENT_CERT", "SRCQL_CLIENT_KEY"))
    if any(pair) and not all(pair):
        raise typer.BadParameter("SRCQL_CLIENT_CERT and SRCQL_CLIENT_KEY go together", param_hint="environment")
    return {**said, "client_cert": pair if all(pair) else None}
