"""The lakehouse of a command: `--server` or `--warehouse`, or their environment variables."""

import os
import sys
from typing import Annotated

import typer

from srcql.environment import CATALOG
from srcql.errors import StoreError

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
    catalog = os.environ.get(CATALOG) if server is None else None
    if server is None and warehouse is None:
        server, warehouse = os.environ.get("SRCQL_SERVER"), os.environ.get("SRCQL_WAREHOUSE")
    # An empty value counts as missing: an unset variable must not mean the current folder.
    if bool(server) == bool(warehouse or catalog):
        raise typer.BadParameter(
            f"expected one lakehouse, found {'both' if server else 'none'}; "
            f"use one of the options, or set SRCQL_SERVER, or SRCQL_WAREHOUSE or {CATALOG}",
            param_hint="--server or --warehouse",
        )
    if not server:
        return open_connection(warehouse or None)
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


def folder(warehouse: str | None) -> str | None:
    """Return the folder of a warehouse, from the option or its variable; None if SRCQL_CATALOG alone names it."""
    found = os.environ.get("SRCQL_WAREHOUSE") if warehouse is None else warehouse
    if not found and not os.environ.get(CATALOG):
        message = f"expected the folder of a warehouse; use the option, or set SRCQL_WAREHOUSE or {CATALOG}"
        raise typer.BadParameter(message, param_hint="--warehouse")
    return found or None


def require_own_catalog(command: str) -> None:
    """Raise StoreError if SRCQL_CATALOG is set, for a command that works on the catalog in a folder alone."""
    if os.environ.get(CATALOG):
        hint = f"unset {CATALOG} if the warehouse has its own catalog"
        raise StoreError(f"{command} works on the catalog in a folder, not on that of {CATALOG}", hint=hint)


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
