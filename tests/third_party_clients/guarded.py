"""A server with TLS and a user who may read one of two data sets."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import srcql_client
from flight_server.access import users
from flight_server.access.users import User
from flight_server.server import Server
from flight_server.settings import Settings

from .rows import lakehouse, observations
from .tools import run

READER = ("ann", "secret of ann")


@contextmanager
def guarded(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the address and the self-signed certificate of the server."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    _sign(certificate, key)
    with lakehouse(folder) as uri, srcql_client.connect(uri) as connection:
        connection.ingest("observations", observations("Other"))
    name, password = READER
    users.add(folder / "users.json", User(name, "read", frozenset({"D"})).with_password(password))
    settings = Settings(
        warehouse=str(folder / "warehouse"),
        users=str(folder / "users.json"),
        listen="grpc+tls://localhost:0",
        tls_cert=str(certificate),
        tls_key=str(key),
    )
    with Server(settings) as server:
        yield server.uri, certificate


def _sign(certificate: Path, key: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    named = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    made = run("openssl", "req", "-x509", *kind, *named, "-keyout", str(key), "-out", str(certificate))
    assert made.returncode == 0, made.stderr
