"""TLS and client certificates; the tests create their certificates."""

import shutil
import socketserver
import subprocess
import threading
from pathlib import Path

import adbc_driver_flightsql.dbapi as flight_sql
import pyarrow.flight as flight
import pytest

import srcql_client
from flight_server.server import Server
from flight_server.settings import InvalidSetting, Settings
from srcql.errors import SrcqlError, Unauthenticated, Unavailable
from tests.flight_server.accounts import add_user, password, token
from tests.flight_server.rpc import observations

QUERY = flight.Ticket(b"SELECT 1 AS one")
pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificates")


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def certificate(folder: Path, name: str, signer: str | None = None) -> tuple[Path, Path]:
    """Create a certificate for `name`, signed by `signer` or by itself; return it and its key."""
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
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    for name, signer in (("ca", None), ("server", "ca"), ("client", "ca"), ("unknown", None)):
        certificate(folder, name, signer)
    return folder


@pytest.fixture(scope="module")
def tls_server(certificates, tmp_path_factory):
    """A server with TLS and a user."""
    yield from start_server(certificates, tmp_path_factory.mktemp("secured"))


@pytest.fixture(scope="module")
def mtls_server(certificates, tmp_path_factory):
    """A server that requires a client certificate."""
    yield from start_server(certificates, tmp_path_factory.mktemp("mutual"), tls_client_ca=str(certificates / "ca.pem"))


def start_server(certificates, folder, **settings):
    add_user(folder / "users.json", "ada", "write", {"D"})
    settings |= {"users": str(folder / "users.json"), "listen": "grpc+tls://localhost:0"}
    settings |= {"tls_cert": str(certificates / "server.pem"), "tls_key": str(certificates / "server.key")}
    with Server(Settings(warehouse=str(folder / "warehouse"), **settings)) as server:
        yield server


def test_plain_flight_over_tls(tls_server, certificates):
    with flight.connect(tls_server.uri, tls_root_certs=(certificates / "ca.pem").read_text()) as client:
        header = client.authenticate_basic_token("ada", password("ada"))
        options = flight.FlightCallOptions(headers=[header])
        assert client.do_get(QUERY, options).read_all().to_pylist() == [{"one": 1}]


def test_adbc_over_tls(tls_server, certificates):
    options = {
        "username": "ada",
        "password": password("ada"),
        "adbc.flight.sql.client_option.tls_root_certs": (certificates / "ca.pem").read_text(),
    }
    with flight_sql.connect(tls_server.uri, db_kwargs=options) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize("credentials", [{"user": "ada", "password": password("ada")}, {"token": token("ada")}])
def test_srcql_client_over_tls(tls_server, certificates, credentials):
    with srcql_client.connect(tls_server.uri, tls_roots=certificates / "ca.pem", **credentials) as lakehouse:
        run = next(iter(credentials))
        assert lakehouse.ingest("observations", observations(run=run)).rows == 12
        found = lakehouse.query(f"SELECT count(*) AS rows FROM observations WHERE run_id = '{run}'")
        assert found.to_pylist() == [{"rows": 12}]
        assert [data_set.data_set_id for data_set in lakehouse.status().data_sets] == ["D"]


def test_srcql_client_reports_invalid_credentials(tls_server, certificates):
    wrong = {"user": "ada", "password": "mistyped secret"}
    with srcql_client.connect(tls_server.uri, tls_roots=certificates / "ca.pem", **wrong) as lakehouse:
        for call in (lambda: lakehouse.query("SELECT 1"), lakehouse.status):
            with pytest.raises(Unauthenticated, match="unknown user, wrong password") as error:
                call()
            assert "mistyped secret" not in str(error.value)


def test_client_rejects_an_untrusted_server(tls_server, certificates):
    assert connection_failures(tls_server.uri, tls_roots=certificates / "unknown.pem", token=token("ada")) == {
        f"cannot connect to {tls_server.uri}\n"
        "  hint: set SRCQL_TLS_ROOTS (tls_roots) to a PEM file of trusted certificates"
    }


def test_client_reports_another_scheme_than_the_server(tls_server, start):
    plain = tls_server.uri.replace("+tls", "")
    assert connection_failures(plain) == {
        f"the server at {plain} closes connections without TLS\n"
        f"  hint: use grpc+tls://{plain.partition('://')[2]}, or check the address"
    }
    server = start().uri
    tls = server.replace("grpc:", "grpc+tls:")
    assert connection_failures(tls) == {f"the server at {tls} has no TLS\n  hint: use {server}"}


def test_client_reports_a_web_server():
    class Answer(socketserver.StreamRequestHandler):
        def handle(self):
            self.rfile.readline()
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answer) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        address = f"grpc://127.0.0.1:{web.server_address[1]}"
        assert connection_failures(address) == {
            f"the server at {address} is no lakehouse: it answers as a web server\n  hint: check the address"
        }
        web.shutdown()


def connection_failures(uri, **access):
    """Return the messages of both drivers of the client."""
    with srcql_client.connect(uri, **access) as lakehouse:
        return {failure(lambda: lakehouse.query("SELECT 1")), failure(lakehouse.status)}


def failure(call):
    with pytest.raises(Unavailable) as error:
        call()
    return str(error.value)


def test_plaintext_client_cannot_connect(tls_server):
    with flight.connect(tls_server.uri.replace("+tls", "")) as client, pytest.raises(flight.FlightUnavailableError):
        client.do_get(QUERY)


def test_client_certificate_is_accepted(mtls_server, certificates):
    credentials = {"token": token("ada"), "client_cert": (certificates / "client.pem", certificates / "client.key")}
    with srcql_client.connect(mtls_server.uri, tls_roots=certificates / "ca.pem", **credentials) as lakehouse:
        assert lakehouse.query("SELECT 1 AS one").to_pylist() == [{"one": 1}]
        assert lakehouse.status().files == 0


@pytest.mark.parametrize("name", [None, "unknown"])
def test_missing_or_unknown_client_certificate_is_rejected(mtls_server, certificates, name):
    credentials = {} if name is None else {"client_cert": (certificates / f"{name}.pem", certificates / f"{name}.key")}
    with (
        srcql_client.connect(
            mtls_server.uri, token=token("ada"), tls_roots=certificates / "ca.pem", **credentials
        ) as lakehouse,
        pytest.raises(SrcqlError),
    ):
        lakehouse.status()


def test_unreadable_certificate_is_reported(start, tmp_path, certificates):
    (tmp_path / "empty.pem").write_text("")
    for cert, expected in (
        (tmp_path / "none.pem", "none.pem of SRCQL_TLS_CERT cannot be read: no such file"),
        (tmp_path / "empty.pem", "SRCQL_TLS_CERT: .*empty.pem is not a PEM file"),
    ):
        with pytest.raises(InvalidSetting, match=expected):
            start(listen="grpc+tls://127.0.0.1:0", tls_cert=str(cert), tls_key=str(certificates / "server.key"))


@pytest.mark.parametrize(("cert", "key"), [("server.pem", "client.key"), ("server.key", "server.pem")])
def test_key_of_another_certificate_is_reported(start, certificates, cert, key):
    cert, key = str(certificates / cert), str(certificates / key)
    with pytest.raises(InvalidSetting) as error:
        start(listen="grpc+tls://127.0.0.1:0", tls_cert=cert, tls_key=key)
    assert str(error.value) == (
        f"the private key {key} does not belong to the certificate {cert}\n"
        "  hint: set SRCQL_TLS_KEY to the key of SRCQL_TLS_CERT"
    )
