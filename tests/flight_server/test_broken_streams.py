"""Streams that no Arrow library writes: each message is damaged on its way, so curl sends it."""

import shutil
import struct
import subprocess

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from tests.flight_server.rpc import observations, query

CURL = shutil.which("curl")
HAS_HTTP2 = CURL and b"HTTP2" in subprocess.run([CURL, "--version"], capture_output=True, check=True).stdout
pytestmark = pytest.mark.skipif(not HAS_HTTP2, reason="curl with HTTP/2 is missing")
DESCRIPTOR, HEADER, BODY = 1, 2, 1000  # fields of FlightData
INVALID_ARGUMENT = "3"


def number(value):
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + number(value >> 7)


def field(tag, content):
    return number(tag << 3 | 2) + number(len(content)) + content


def frame(*fields):
    return b"\0" + struct.pack(">I", len(b"".join(fields))) + b"".join(fields)


def ipc_messages(rows):
    """Yield header and body of each IPC message of a table."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows)
    unread = sink.getvalue().to_pybytes()
    while (length := struct.unpack_from("<i", unread, 4)[0]) > 0:
        body = pa.ipc.read_message(unread).body
        end = 8 + length + (len(body) if body else 0)
        yield unread[8 : 8 + length], unread[8 + length : end]
        unread = unread[end:]


def put(server, folder, *frames):
    """Send frames by DoPut; return the headers and trailers of the answer."""
    (folder / "frames").write_bytes(b"".join(frames))
    url = f"{server.uri.replace('grpc', 'http')}/arrow.flight.protocol.FlightService/DoPut"
    options = ["-sS", "--http2-prior-knowledge", "-D", "-", "-o", str(folder / "answer")]
    headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
    command = [CURL, *options, *headers, "--data-binary", f"@{folder / 'frames'}", url]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


DAMAGES = {
    "truncated body": lambda header, body: [field(HEADER, header), field(BODY, body[: len(body) // 2])],
    "missing body": lambda header, _: [field(HEADER, header)],
    "truncated header": lambda header, body: [field(HEADER, header[: len(header) // 2]), field(BODY, body)],
    "other bytes": lambda header, body: [field(HEADER, bytes([255]) * len(header)), field(BODY, body)],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_broken_message_is_an_error_of_the_client(start, tmp_path, damage):
    server = start()
    (schema, _), (header, body) = ipc_messages(observations())
    path = field(DESCRIPTOR, number(1 << 3) + number(1) + field(3, b"observations"))
    whole = frame(field(HEADER, header), field(BODY, body))
    first = frame(path, field(HEADER, schema))
    answer = put(server, tmp_path, first, whole, frame(*damage(header, body)))
    assert answer["grpc-status"] == INVALID_ARGUMENT
    assert answer["grpc-message"].startswith("cannot read the stream of batches: ")
    assert answer["grpc-message"].endswith("Detail: Python exception: InvalidData")
    with flight.connect(server.uri) as client:
        assert query(client, "SELECT count(*) AS n FROM observations")["n"].to_pylist() == [0]
    assert put(server, tmp_path, first, whole)["grpc-status"] == "0"
