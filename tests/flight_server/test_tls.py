"""TLS, and clients that need a certificate; those of the tests are made here."""

import shutil
import subprocess
from pathlib import Path

import adbc_driver_flightsql.dbapi as flight_sql
import pyarrow.flight as flight
import pytest

import srcql_client
from flight_server.server import Server
from flight_server.settings import InvalidSetting, Settings
from srcql.errors import SrcqlError, Unauthenticated
from tests.flight_server.accounts import add_user, password, token
from tests.flight_server.rpc import observations

ASK = flight.Ticket(b"SELECT 1 AS one")
pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificates")


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def certificate(folder: Path, name: str, signer: str | None = None) -> tuple[Path, Path]:
    """A certificate and its key, of `name`, by another of the folder or by itself."""
    cert, key, request = (folder / f"{name}.{part}" for part in ("pem", "key", "csr"))
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    kind = (*curve, "-nodes", "-keyout", key, "-subj", f"/CN={name}")
    if signer is None:
        openssl("req", "-x509", *kind, "-out", cert, "-days", 2, "-addext", "basicConstraints=critical,CA:TRUE")
        return cert, key
    openssl("req", *kind, "-out", request)
    names = folder / "names"
    names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
    by = ("-CA", folder / f"{signer}.pem", "-CAkey", folder / f"{signer}.key", "-CAcreateserial")
    openssl("x509", "-req", "-in", request, *by, "-out", cert, "-days", 2, "-extfile", names)
    return cert, key


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers")
    for name, signer in (("ca", None), ("server", "ca"), ("client", "ca"), ("stranger", None)):
        certificate(folder, name, signer)
    return folder


@pytest.fixture(scope="module")
def secured(papers, tmp_path_factory):
    """A server with TLS, and with a user."""
    yield from started(papers, tmp_path_factory.mktemp("secured"))


@pytest.fixture(scope="module")
def mutual(papers, tmp_path_factory):
    """One that talks to clients with a certificate alone."""
    yield from started(papers, tmp_path_factory.mktemp("mutual"), tls_client_ca=str(papers / "ca.pem"))


def started(papers, folder, **settings):
    add_user(folder / "users.json", "ada", "write", {"D"})
    settings |= {"users": str(folder / "users.json"), "listen": "grpc+tls://localhost:0"}
    settings |= {"tls_cert": str(papers / "server.pem"), "tls_key": str(papers / "server.key")}
    with Server(Settings(warehouse=str(folder / "warehouse"), **settings)) as server:
        yield server


def test_plain_flight_over_tls(secured, papers):
    with flight.connect(secured.uri, tls_root_certs=(papers / "ca.pem").read_text()) as client:
        header = client.authenticate_basic_token("ada", password("ada"))
        options = flight.FlightCallOptions(headers=[header])
        assert client.do_get(ASK, options).read_all().to_pylist() == [{"one": 1}]


def test_adbc_over_tls(secured, papers):
    options = {
        "username": "ada",
        "password": password("ada"),
        "adbc.flight.sql.client_option.tls_root_certs": (papers / "ca.pem").read_text(),
    }
    with flight_sql.connect(secured.uri, db_kwargs=options) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize("shown", [{"user": "ada", "password": password("ada")}, {"token": token("ada")}])
def test_srcql_client_over_tls(secured, papers, shown):
    with srcql_client.connect(secured.uri, tls_roots=papers / "ca.pem", **shown) as lakehouse:
        run = next(iter(shown))
        assert lakehouse.ingest("observations", observations(run=run)).rows == 12
        found = lakehouse.query(f"SELECT count(*) AS rows FROM observations WHERE run_id = '{run}'")
        assert found.to_pylist() == [{"rows": 12}]
        assert [data_set.data_set_id for data_set in lakehouse.status().data_sets] == ["D"]


def test_srcql_client_reports_invalid_credentials(secured, papers):
    wrong = {"user": "ada", "password": "mistyped secret"}
    with srcql_client.connect(secured.uri, tls_roots=papers / "ca.pem", **wrong) as lakehouse:
        for call in (lambda: lakehouse.query("SELECT 1"), lakehouse.status):
            with pytest.raises(Unauthenticated, match="unknown user, wrong password") as error:
                call()
            assert "mistyped secret" not in str(error.value)


def test_client_rejects_an_untrusted_server(secured, papers):
    with (
        srcql_client.connect(secured.uri, tls_roots=papers / "stranger.pem", token=token("ada")) as lakehouse,
        pytest.raises(SrcqlError),
    ):
        lakehouse.query("SELECT 1")


def test_plaintext_client_cannot_connect(secured):
    with flight.connect(secured.uri.replace("+tls", "")) as client, pytest.raises(flight.FlightUnavailableError):
        client.do_get(ASK)


def test_client_certificate_is_accepted(mutual, papers):
    shown = {"token": token("ada"), "client_cert": (papers / "client.pem", papers / "client.key")}
    with srcql_client.connect(mutual.uri, tls_roots=papers / "ca.pem", **shown) as lakehouse:
        assert lakehouse.query("SELECT 1 AS one").to_pylist() == [{"one": 1}]
        assert lakehouse.status().files == 0


@pytest.mark.parametrize("name", [None, "stranger"])
def test_missing_or_unknown_client_certificate_is_rejected(mutual, papers, name):
    shown = {} if name is None else {"client_cert": (papers / f"{name}.pem", papers / f"{name}.key")}
    with (
        srcql_client.connect(mutual.uri, token=token("ada"), tls_roots=papers / "ca.pem", **shown) as lakehouse,
        pytest.raises(SrcqlError),
    ):
        lakehouse.status()


def test_unreadable_certificate_is_reported(start, tmp_path, papers):
    (tmp_path / "empty.pem").write_text("")
    for cert, word in (
        (tmp_path / "none.pem", "cannot read .*none.pem"),
        (tmp_path / "empty.pem", ".*empty.pem is not a PEM file"),
    ):
        with pytest.raises(InvalidSetting, match=f"SRCQL_TLS_CERT: {word}"):
            start(listen="grpc+tls://127.0.0.1:0", tls_cert=str(cert), tls_key=str(papers / "server.key"))
