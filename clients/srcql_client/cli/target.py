"""The lakehouse of a command: `--server` or `--warehouse`, or their environment variables."""

import os
import sys
from typing import Annotated

import typer

from ..connection import Connection
from ..opening import connect as open_connection

Server = Annotated[
    str | None, typer.Option(metavar="URI", help="Address of a server, grpc[+tls]://host:port; or set SRCQL_SERVER.")
]
Warehouse = Annotated[
    str | None, typer.Option(metavar="DIR", help="Folder of a warehouse to open here; or set SRCQL_WAREHOUSE.")
]


def connect(server: str | None, warehouse: str | None) -> Connection:
    """Open the lakehouse that exactly one option or variable names; an option overrides the environment."""
    if server is None and warehouse is None:
        server, warehouse = os.environ.get("SRCQL_SERVER"), os.environ.get("SRCQL_WAREHOUSE")
    # An empty value counts as missing: an unset variable must not mean the current folder.
    if bool(server) == bool(warehouse):
        raise typer.BadParameter(
            f"expected one lakehouse, found {'both' if server else 'none'}; "
            "use one of the options, or set SRCQL_SERVER or SRCQL_WAREHOUSE",
            param_hint="--server or --warehouse",
        )
    if not server:
        return open_connection(str(warehouse))
    if not server.startswith(("grpc://", "grpc+tls://")):
        raise typer.BadParameter(f"expected grpc://host:port, found {server}", param_hint="--server")
    user, password = _variable("USER"), _variable("PASSWORD")
    if user and not password and sys.stdin.isatty():
        password = typer.prompt(f"Password of {user}", hide_input=True, err=True)
    return open_connection(
        server,
        user=user,
        password=password,
        token=_variable("TOKEN"),
        tls_roots=_variable("TLS_ROOTS"),
        client_cert=_client_cert(),
    )


def folder(warehouse: str | None) -> str:
    """Return the folder of a warehouse, from the option or its environment variable."""
    found = os.environ.get("SRCQL_WAREHOUSE") if warehouse is None else warehouse
    if not found:
        message = "expected the folder of a warehouse; use the option, or set SRCQL_WAREHOUSE"
        raise typer.BadParameter(message, param_hint="--warehouse")
    return found


def _client_cert() -> tuple[str, str] | None:
    certificate, key = _variable("CLIENT_CERT"), _variable("CLIENT_KEY")
    if certificate and key:
        return certificate, key
    if certificate or key:
        raise typer.BadParameter(
            "expected both SRCQL_CLIENT_CERT and SRCQL_CLIENT_KEY, found only one of them", param_hint="environment"
        )
    return None


def _variable(name: str) -> str | None:
    """Return SRCQL_<name> of the environment: other users can read a password on a command line."""
    return os.environ.get(f"SRCQL_{name}") or None
