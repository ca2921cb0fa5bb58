"""Open a connection: to a server over the wire, or to a warehouse in a folder.

Both backends are imported on use: the command line starts without pyarrow, and the wire client runs without the store.
"""

import os
import re
from typing import TypeGuard

from srcql.environment import CATALOG
from srcql.errors import Unsupported

from .connection import Connection

_EXPECTED = "expected grpc://host:port, grpc+tls://host:port or a folder"
_ADDRESS = re.compile(r"grpc(?:\+tls)?://(?:[\w.-]+|\[[0-9a-fA-F:]+\]):(\d+)/?")
_SCHEMELESS = re.compile(r"(?:[\w.-]+|\[[0-9a-fA-F:]+\]):\d+/?")  # host:port
_OTHER = re.compile(r"(?!grpc|https?:)")  # a location that a catalog can have, as in s3://bucket
_MAX_PORT = 65_535


def connect(
    location: str | os.PathLike[str] | None = None,
    *,
    user: str | None = None,
    password: str | None = None,
    token: str | None = None,
    tls_roots: str | os.PathLike[str] | None = None,
    client_cert: tuple[str | os.PathLike[str], str | os.PathLike[str]] | None = None,
) -> Connection:
    """Open a lakehouse behind a server (`grpc://host:port`) or in a folder.

    The first ingest into a folder without a warehouse creates it. Until then, reading it raises StoreError. If the
    environment variable SRCQL_CATALOG is set, the tables are in that PyIceberg catalog, and their files below the
    folder. Without a location, it is SRCQL_WAREHOUSE, or the catalog decides where the files are.

    Authenticate to a server with `user` and `password`, or with `token`. For TLS, use `grpc+tls://host:port`;
    `tls_roots` is a PEM file of certificates to trust instead of the system's, and `client_cert` the PEM files of the
    client's certificate and key.

    Raises Unsupported for another kind of address, and StoreError for a folder that is not a warehouse. The first call
    to a server raises Unavailable if the server does not answer, and Unauthenticated if it rejects the credentials.

    >>> connect("http://127.0.0.1:80")
    Traceback (most recent call last):
    ...
    srcql.errors.Unsupported: expected grpc://host:port, grpc+tls://host:port or a folder, found http://127.0.0.1:80
    """
    address = _address(location)
    if _is_server(address):
        _check_server(address)
        from .access import Access
        from .wire import WireConnection

        return WireConnection(address, Access(user, password, token, tls_roots, client_cert))
    if any(option is not None for option in (user, password, token, tls_roots, client_cert)):
        raise Unsupported(
            "a folder has no users and no TLS", hint="use these options with a server, as in grpc://host:port"
        )
    from .embedded import EmbeddedConnection

    return EmbeddedConnection(None if address is None else os.fspath(address))


def _address(location: str | os.PathLike[str] | None) -> str | os.PathLike[str] | None:
    """Return the location, by default that of the environment; None if SRCQL_CATALOG alone names the lakehouse."""
    if location is None:
        location = os.environ.get("SRCQL_WAREHOUSE") or None
        if location is None and not os.environ.get(CATALOG):
            raise Unsupported(f"{_EXPECTED}, found none", hint=f"pass a location, or set SRCQL_WAREHOUSE or {CATALOG}")
    elif not isinstance(location, str | os.PathLike):
        raise Unsupported(f"{_EXPECTED}, found a value of type {type(location).__name__}")
    if location is not None and not os.fspath(location):  # the current folder, to pathlib
        raise Unsupported(f"{_EXPECTED}, found an empty string")
    if isinstance(location, str) and _SCHEMELESS.fullmatch(location):
        hint = f"use grpc://{location} for a server, ./{location} for a folder"
        raise Unsupported(f"{_EXPECTED}, found {location}", hint=hint)
    return location


def _is_server(location: str | os.PathLike[str] | None) -> TypeGuard[str]:
    """Return whether a location is an address; beside SRCQL_CATALOG it may also be that of an object store."""
    is_uri = isinstance(location, str) and "://" in location
    return is_uri and not (os.environ.get(CATALOG) and _OTHER.match(str(location)))


def _check_server(address: str) -> None:
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise Unsupported(f"{_EXPECTED}, found {address}")
    if int(found[1]) > _MAX_PORT:
        raise Unsupported(f"expected a port from 0 to {_MAX_PORT}, found {found[1]}")
