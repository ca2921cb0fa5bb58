"""Failures of a connection over the wire."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from adbc_driver_manager import AdbcStatusCode, OperationalError

import srcql_client
from srcql import errors
from srcql_client import statuses
from srcql_client.access import Access

from .rows import observations
from .shell import free_address, served, srcql


def test_a_missing_server_is_reported() -> None:
    address = free_address()
    with srcql_client.connect(address) as lakehouse:
        for call in (
            lambda: lakehouse.query("SELECT 1"),
            lambda: lakehouse.status(),
            lambda: lakehouse.ingest("observations", observations()),
        ):
            with pytest.raises(errors.Unavailable) as caught:
                call()
            assert str(caught.value).splitlines()[0] == f"no server answers at {address}"


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        (
            {"user": "ada"},
            "expected a password for user ada, found none\n"
            "  hint: set SRCQL_PASSWORD (password), or set SRCQL_TOKEN (token) instead",
        ),
        (
            {"password": "correct horse"},
            "expected a user for the password, found none\n"
            "  hint: set SRCQL_USER (user), or set SRCQL_TOKEN (token) instead",
        ),
        (
            {"user": "ada", "password": "correct horse", "token": "t"},
            "expected a user and a password, or a token; found both\n"
            "  hint: remove SRCQL_TOKEN (token), or remove SRCQL_USER (user) and SRCQL_PASSWORD (password)",
        ),
    ],
)
def test_credentials_that_cannot_be_combined_are_reported(access: dict[str, str], expected: str) -> None:
    with pytest.raises(errors.InvalidData) as caught:
        Access(**access)  # type: ignore[arg-type]
    assert str(caught.value) == expected


def test_an_ingest_survives_a_restart_of_the_server(tmp_path: Path) -> None:
    """The first server is killed; the rows arrive once, at its successor."""
    address = free_address()
    rows = observations()
    with served(tmp_path / "w", address) as (first, _), srcql_client.connect(address) as lakehouse:
        lakehouse.ingest("observations", rows, "before")
        first.send_signal(signal.SIGKILL)
        first.wait()

        class Replayed:
            """Rows whose second reading starts a server."""

            readings = 0

            def __iter__(self) -> Iterator[pa.RecordBatch]:
                self.readings += 1
                if self.readings == 2:
                    again.__enter__()
                return iter(observations("later").to_batches())

        again = served(tmp_path / "w", address)
        source = Replayed()
        try:
            receipt = lakehouse.ingest("observations", source)
            assert source.readings == 2
            assert receipt.rows == 4
            assert lakehouse.query("SELECT count(*) AS n FROM observations")["n"].to_pylist() == [8]
        finally:
            again.__exit__(None, None, None)


def test_an_iterator_is_not_sent_twice() -> None:
    readings = []

    def batches() -> Iterator[pa.RecordBatch]:
        readings.append(1)
        yield from observations().to_batches()

    with srcql_client.connect(free_address()) as lakehouse, pytest.raises(errors.Unavailable):
        lakehouse.ingest("observations", batches())
    assert readings == [1]


def test_serve_prints_its_address_and_stops_on_sigterm(tmp_path: Path) -> None:
    with served(tmp_path / "w") as (process, uri):
        with srcql_client.connect(uri) as lakehouse:
            assert lakehouse.query("SELECT 1 AS one")["one"].to_pylist() == [1]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == os.EX_OK


# Computes for hours before its first row, in little memory.
BUSY = "SELECT count(*) FROM range(1000000000000) AS a WHERE hash(a.range) = 7"


@pytest.fixture
def heard() -> Iterator[None]:
    """Handle Ctrl-C, which a shell disables for processes in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_ctrl_c_cancels_a_query_without_rows(tmp_path: Path) -> None:
    with served(tmp_path / "w") as (_, uri), srcql_client.connect(uri) as lakehouse:
        rows = lakehouse.stream(BUSY)
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            rows.read_all()
        assert lakehouse.query("SELECT 1 AS one")["one"].to_pylist() == [1]


def test_a_server_that_dies_in_a_query_is_reported(tmp_path: Path) -> None:
    with served(tmp_path / "w") as (process, uri), srcql_client.connect(uri) as lakehouse:
        rows = lakehouse.stream(BUSY)
        process.kill()
        with pytest.raises(errors.Unavailable, match="no server answers"):
            rows.read_all()


def test_serve_reports_only_its_error(tmp_path: Path) -> None:
    """The warehouse is already open; closing it prints nothing."""
    with served(tmp_path / "w") as (_, uri):
        ended = srcql("serve", "--warehouse", tmp_path / "w", "--listen", uri)
    assert ended.returncode == 1
    said = [line for line in ended.stderr.splitlines() if "add_port" not in line and "absl::" not in line]
    assert said[0] == f"cannot listen on {uri}"
    assert len(said) == 2


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        (
            "NOT_FOUND: [FlightSQL] no x (y). Detail: Python exception: NotFound (NotFound; Prepare)",
            "UnknownName",
            "no x (y)",
        ),
        ("IO: [FlightSQL] draining. Detail: Unavailable (Unavailable; Prepare)", "Unavailable", "draining"),
        ("[FlightSQL] a\n  b. Detail: TimedOut (DeadlineExceeded; DoGet: endpoint 0: [])", "TimedOut", "a\n  b"),
        ("[FlightSQL] Detail: none (Unknown; Prepare)", "ExecutionError", "Detail: none"),
    ],
)
def test_the_text_of_the_driver_is_removed(text: str, kind: str, words: str) -> None:
    with pytest.raises(getattr(errors, kind)) as caught, statuses.translate_errors("grpc://127.0.0.1:1"):
        raise OperationalError(text, status_code=AdbcStatusCode.UNKNOWN)
    assert str(caught.value) == words


def test_a_parameter_that_arrow_cannot_hold_is_reported(uri: str) -> None:
    with srcql_client.connect(uri) as connection, pytest.raises(errors.InvalidQuery, match="parameter 2: expected"):
        connection.query("SELECT ?, ?", [1, object()])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tls_roots": "missing.pem"}, "trusted certificates, found no file at missing.pem"),
        ({"tls_roots": "."}, r"trusted certificates, found no file at \."),
        ({"tls_roots": "text.pem"}, "trusted certificates, found other content at text.pem"),
        ({"tls_roots": 5}, "trusted certificates, found a value of type int"),
        ({"client_cert": ("missing.pem", "text.pem")}, "a certificate and its key, found no file at missing.pem"),
        ({"client_cert": ("text.pem", "text.pem")}, "its key, found other content at text.pem and text.pem"),
        ({"client_cert": "text.pem"}, "expected two paths as client_cert"),
    ],
)
def test_files_that_are_no_certificates_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.pem").write_text("garbage")
    with pytest.raises(errors.InvalidData, match=words):
        srcql_client.connect("grpc+tls://127.0.0.1:1", **options)
