"""Engine processes: what is left when one of them, or the server, ends."""

import itertools
import os
import select
import signal
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from tests.flight_server.rpc import observations, put, query
from tests.flight_server.test_drain import process

ENDLESS = "SELECT range FROM range(100000000000)"


def children(parent):
    """Return the ids of the child processes of a process."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(file.parent.name))
    return found


def engines(server):
    """Return the ids of the engine processes of a server process, which the fork server started."""
    (fork_server,) = children(server.pid)
    return children(fork_server)


@contextmanager
def all_end(processes):
    """Wait until these processes have ended; the test hangs if one does not."""
    handles = [os.pidfd_open(each) for each in processes]
    yield
    for handle in handles:
        select.select([handle], [], [], 30)
        assert select.select([handle], [], [], 0)[0], "a process is still alive"
        os.close(handle)


@contextmanager
def started(folder):
    """Start a server with one engine process; yield both ends of its connection."""
    with process(folder) as (server, uri), flight.connect(uri) as client:
        assert query(client, "SELECT 1 AS one").num_rows == 1
        yield server, client


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A server that outlives its engine processes."""
    with started(tmp_path_factory.mktemp("running")) as both:
        yield both


@contextmanager
def endless(client):
    """Begin to read a long result; end it when the context ends."""
    stream = client.do_get(flight.Ticket(ENDLESS.encode()))
    assert stream.read_chunk().data.num_rows > 0
    try:
        yield stream
    finally:
        stream.cancel()


@pytest.mark.parametrize(
    ("number", "message"),
    [(signal.SIGKILL, "the engine process of this statement was killed"), (signal.SIGSEGV, r"failed on this.*SIGSEGV")],
)
def test_an_engine_that_dies_loses_its_statement_only(running, number, message):
    server, client = running
    with endless(client) as first, endless(client) as second:
        engine, _ = engines(server)
        os.kill(engine, number)
        reading = itertools.cycle([first, second])
        with pytest.raises(pa.ArrowInvalid, match=message):
            sum(stream.read_chunk().data.num_rows for stream in reading)
        other = next(reading)
        assert sum(other.read_chunk().data.num_rows for _ in range(50)) > 0
    assert query(client, "SELECT 2 AS two").to_pydict() == {"two": [2]}


def test_idle_engines_that_die_are_replaced(running):
    server, client = running
    idle = engines(server)
    with all_end(idle):
        for engine in idle:
            os.kill(engine, signal.SIGKILL)
    assert query(client, "SELECT 2 AS two").to_pydict() == {"two": [2]}
    assert set(engines(server)).isdisjoint(idle)


def test_a_ticket_outlives_the_engine_that_planned_it(running):
    server, client = running
    put(client, flight.FlightDescriptor.for_path("observations"), observations())
    info = client.get_flight_info(flight.FlightDescriptor.for_command(b"SELECT count(*) AS n FROM observations"))
    planned = engines(server)
    with all_end(planned):
        for engine in planned:
            os.kill(engine, signal.SIGKILL)
    assert client.do_get(info.endpoints[0].ticket).read_all().to_pydict() == {"n": [12]}


def test_ctrl_c_of_the_terminal_ends_no_engine(running):
    server, client = running
    with endless(client) as stream:
        for each in (*children(server.pid), *engines(server)):
            os.kill(each, signal.SIGINT)
            os.kill(each, signal.SIGTERM)
        assert stream.read_chunk().data.num_rows > 0


def test_the_kernel_ends_engines_first(running):
    server, _ = running
    scores = [int(Path(f"/proc/{each}/oom_score_adj").read_text()) for each in (server.pid, *engines(server))]
    assert scores[1:] == [1000] * len(scores[1:])
    assert scores[0] < 1000


def test_the_fork_server_is_started_again(running):
    server, client = running
    (fork_server,) = children(server.pid)
    with endless(client) as stream:
        with all_end([fork_server, *engines(server)]):
            os.kill(fork_server, signal.SIGKILL)
        with pytest.raises(pa.ArrowInvalid, match="was killed"):
            list(stream)
    assert query(client, "SELECT 2 AS two").to_pydict() == {"two": [2]}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_the_server(tmp_path, number):
    with started(tmp_path) as (server, client):
        put(client, flight.FlightDescriptor.for_path("observations"), observations())
        stream = client.do_get(flight.Ticket(ENDLESS.encode()))
        stream.read_chunk()
        left = [*children(server.pid), *engines(server)]
        assert len(left) == 2
        if number == signal.SIGTERM:
            stream.cancel()
        with all_end(left):
            server.send_signal(number)
            server.wait(30)


def test_all_statements_together(start):
    text = b"SELECT range(range, range + 20000000) AS numbers FROM range(1)"  # 270 MB until it is read
    with flight.connect(start(memory_limit="450MB", statement_memory="450MB").uri) as client:
        streams = [client.do_get(flight.Ticket(text)) for _ in range(2)]
        failed = []
        for stream in streams:
            try:
                stream.read_all()
            except pa.ArrowInvalid as error:
                failed.append(str(error))
        assert len(failed) == 1
        assert "needed more than 450 MB of memory" in failed[0]
