"""The JDBC driver of Flight SQL walks through our server: the path of DBeaver and Tableau."""

import shutil
from collections import defaultdict
from pathlib import Path

import pytest

import srcql_client
from flight_server import users
from flight_server.server import Server
from flight_server.settings import Settings
from flight_server.users import User

from .page import told
from .rows import lakehouse, observations
from .tools import java, run

WALK = Path(__file__).parent / "java" / "Walk.java"


def walked(driver: str, address: str, *login: str) -> dict[str, list[str]]:
    """The steps, by outcome; what failed with what it said."""
    ran = java(driver, WALK, address, *login)
    assert ran.returncode == 0, ran.stderr
    steps: dict[str, list[str]] = defaultdict(list)
    for line in ran.stdout.splitlines():
        outcome, _, said = line.partition(" ")
        steps[outcome].append(said if outcome == "FAIL" else said.partition(" -> ")[0])
    return steps


def test_the_walk_through_all_of_jdbc(uri: str, driver: str) -> None:
    steps = walked(driver, uri.replace("grpc://", "jdbc:arrow-flight-sql://") + "?useEncryption=false")
    assert steps["FAIL"] == []
    told("JDBC walk", len(steps["PASS"]), steps["SKIP"])


@pytest.fixture
def certificate(tmp_path: Path) -> dict[str, str]:
    """A server's certificate that it signed itself, and the key."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl here, which makes the certificate")
    paths = {"tls_cert": str(tmp_path / "cert.pem"), "tls_key": str(tmp_path / "key.pem")}
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    named = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    made = run("openssl", "req", "-x509", *kind, *named, "-keyout", paths["tls_key"], "-out", paths["tls_cert"])
    assert made.returncode == 0, made.stderr
    return paths


def test_the_walk_over_tls_by_a_reader_of_one_data_set(
    driver: str, certificate: dict[str, str], tmp_path: Path
) -> None:
    with lakehouse(tmp_path) as uri, srcql_client.connect(uri) as connection:
        connection.ingest("observations", observations("Other"))
    people = tmp_path / "users.json"
    users.add(people, User("ann", "read", frozenset({"D"}), users.hashed("secret of ann")))
    settings = {"warehouse": str(tmp_path / "warehouse"), "users": str(people), "listen": "grpc+tls://localhost:0"}
    with Server(Settings(**settings, **certificate)) as server:
        address = server.uri.replace("grpc+tls://", "jdbc:arrow-flight-sql://")
        steps = walked(driver, f"{address}?tlsRootCerts={certificate['tls_cert']}", "ann", "secret of ann")
    assert steps["FAIL"] == []
    told("JDBC walk", len(steps["PASS"]), steps["SKIP"])
