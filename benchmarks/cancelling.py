"""`python -m benchmarks.cancelling [--repeats N]`: how long a statement runs on after it is cancelled.

Each phase of a statement is cancelled in one way. The measured time ends when the server holds nothing of the
statement: its last call has ended, so its threads, cursor and slot are free.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pyarrow as pa
import pyarrow.flight as flight
from rich.console import Console
from rich.table import Table

from flight_server.protocol import message
from flight_server.server import Server
from flight_server.settings import Settings

ROWS = {"data_set_id": ["D"], "problem_id": ["p"], "implementation_id": ["i"], "test_id": ["t"]}
OBSERVED = pa.table({**ROWS, "run_id": ["r"], "step_id": [0], "output": ["1"]})
HOURS = "range(1000000000000) AS r WHERE hash(r.range) = 7"
PLANNING = f"MATRIX FROM (SELECT o.* FROM observations AS o, {HOURS})"
COMPUTING = f"SELECT count(*) FROM {HOURS}"
STREAMING = "SELECT range FROM range(100000000000)"
LATER = 0.3  # seconds after which a phase has certainly begun
Phase = Callable[[flight.FlightClient], float]


def by_deadline(call: Callable[[flight.FlightClient, flight.FlightCallOptions], object]) -> Phase:
    """Return a phase that ends at the client's deadline; it returns the time of that deadline."""

    def phase(client: flight.FlightClient) -> float:
        last = time.monotonic() + LATER
        try:
            call(client, flight.FlightCallOptions(timeout=LATER))
        except pa.ArrowException:
            return last
        raise AssertionError("the statement ended before its deadline")

    return phase


def by_client(read: Callable[[flight.FlightStreamReader], object]) -> Phase:
    """Return a phase in which the client reads with `read`, then cancels its stream."""

    def phase(client: flight.FlightClient) -> float:
        stream = client.do_get(flight.Ticket(STREAMING.encode()))
        read(stream)
        time.sleep(LATER)
        stream.cancel()
        return time.monotonic()

    return phase


def by_info(text: str, read: Callable[[flight.FlightStreamReader], object]) -> Phase:
    """Return a phase in which another call cancels the FlightInfo, while the client waits for rows."""

    def phase(client: flight.FlightClient) -> float:
        info = client.get_flight_info(flight.FlightDescriptor.for_command(text.encode()))
        stream = client.do_get(info.endpoints[0].ticket)
        reading = threading.Thread(target=_quietly, args=(lambda: read(stream),))
        reading.start()
        time.sleep(LATER)
        body = message("CancelFlightInfoRequest", info=info.serialize()).SerializeToString()
        began = time.monotonic()
        list(client.do_action(("CancelFlightInfo", body)))
        reading.join()
        return began

    return phase


def _quietly(read: Callable[[], object]) -> None:
    try:
        read()
    except pa.ArrowException:
        return


def _slowly(stream: flight.FlightStreamReader) -> None:
    for _ in stream:
        time.sleep(0.02)


PHASES: dict[str, Phase] = {
    "planning; deadline of the client": by_deadline(
        lambda client, options: client.get_flight_info(flight.FlightDescriptor.for_command(PLANNING.encode()), options)
    ),
    "computing the first row; deadline of the client": by_deadline(
        lambda client, options: list(client.do_get(flight.Ticket(COMPUTING.encode()), options))
    ),
    "computing the first row; CancelFlightInfo": by_info(COMPUTING, lambda stream: list(stream)),
    "streaming; CancelFlightInfo": by_info(STREAMING, lambda stream: sum(1 for _ in stream)),
    "streaming to a slow reader; CancelFlightInfo": by_info(STREAMING, _slowly),
    "streaming; the client cancels": by_client(lambda stream: [stream.read_chunk() for _ in range(20)]),
    "streaming to a client that does not read; it cancels": by_client(lambda _: None),
}


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cancelling", description="delay of a cancellation")
    parser.add_argument("--repeats", type=int, default=10)
    repeats = parser.parse_args().repeats
    table = Table(title=f"milliseconds from the cancellation to the end, {repeats} times each")
    for heading in ("phase", "median", "max"):
        table.add_column(heading, justify="left" if heading == "phase" else "right")
    with tempfile.TemporaryDirectory() as folder, Server(Settings(warehouse=str(Path(folder) / "warehouse"))) as server:
        with flight.connect(server.uri) as client:
            writer, answers = client.do_put(flight.FlightDescriptor.for_path("observations"), OBSERVED.schema)
            with writer:
                writer.write_table(OBSERVED)
                writer.done_writing()
                answers.read()
            for name, phase in PHASES.items():
                taken = []
                for _ in range(repeats):
                    cancelled = phase(client)
                    assert server.wait_until_idle(60)
                    taken.append((time.monotonic() - cancelled) * 1e3)
                table.add_row(name, f"{median(taken):,.0f}", f"{max(taken):,.0f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
