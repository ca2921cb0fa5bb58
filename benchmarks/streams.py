"""`python -m benchmarks.streams [--rows N …]`: the memory of a server that ingests and returns long streams.

Every size goes into a separate server process and warehouse, in batches of 5,000 rows by plain Flight. Peak memory is
that of the process (VmHWM of Linux); files are counted while the stream runs.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.flight as flight
from rich.console import Console
from rich.table import Table

from lakehouse.write.chunks import CHUNK_BYTES, CHUNK_ROWS

TESTS, IMPLEMENTATIONS = 200, 25
READ = {"SELECT, MiB": "SELECT * FROM observations", "SLICE, MiB": "SLICE * FROM *"}
SIZES = (0, 1_000_000, 3_000_000, 10_000_000)


@contextmanager
def server(folder: Path) -> Iterator[tuple[int, str]]:
    """Run a server process; yield its id and its address."""
    environment = {**os.environ, "SRCQL_WAREHOUSE": str(folder)}
    with subprocess.Popen(
        [sys.executable, "-m", "flight_server"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        try:
            yield process.pid, process.stdout.readline().strip()
        finally:
            process.kill()


def batches(rows: int) -> Iterator[pa.RecordBatch]:
    """Return responses of 25 implementations to 200 tests, problem by problem."""
    cells = range(TESTS * IMPLEMENTATIONS)
    fixed = {
        "data_set_id": pa.array(["Stream"] * len(cells)),
        "implementation_id": pa.array([f"implementation_{cell % IMPLEMENTATIONS}" for cell in cells]),
        "test_id": pa.array([f"test_{cell // IMPLEMENTATIONS}" for cell in cells]),
        "run_id": pa.array(["run"] * len(cells)),
        "step_id": pa.array([0] * len(cells), pa.int32()),
        "inputs": pa.array([f"[{cell}]" for cell in cells]),
        "output": pa.array([f"{cell * cell % 977}" for cell in cells]),
    }
    for first in range(0, rows, len(cells)):
        problem = pa.repeat(f"problem_{first // len(cells):05}", len(cells))
        yield pa.record_batch({**fixed, "problem_id": problem}).slice(0, rows - first)


def peak(process: int) -> float:
    """Return the peak memory of a process in MiB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def load(folder: Path, rows: int) -> tuple[float, float, int, int, int]:
    """Return peak memory, seconds, files when the last batch was sent, files at the end, snapshots."""
    with server(folder) as (process, uri), flight.connect(uri) as client:
        parts = batches(rows)
        first = next(parts, next(batches(1)).slice(0, 0))
        began = time.monotonic()
        writer, answers = client.do_put(flight.FlightDescriptor.for_path("observations"), first.schema)
        with writer:
            for batch in itertools.chain([first], parts):
                writer.write_batch(batch)
            staged = sum(1 for _ in folder.rglob("*.parquet"))
            writer.done_writing()
            receipt = json.loads(answers.read().to_pybytes())
        spent = time.monotonic() - began
        assert receipt["rows"] == rows
        (status,) = client.do_action("srcql.status")
        held = json.loads(status.body.to_pybytes())
        return peak(process), spent, staged, held["files"], held["snapshots"]


def read(folder: Path, text: str, rows: int) -> float:
    """Return the peak memory of a new server after all rows of a statement were read, part after part."""
    with server(folder) as (process, uri), flight.connect(uri) as client:
        info = client.get_flight_info(flight.FlightDescriptor.for_command(text.encode()))
        streams = (client.do_get(endpoint.ticket) for endpoint in info.endpoints)
        assert rows == sum(chunk.data.num_rows for stream in streams for chunk in stream)
        return peak(process)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streams", description="memory of a long stream")
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    table = Table(title=f"one stream into one table; buffer: {CHUNK_ROWS:,} rows or {CHUNK_BYTES >> 20} MiB")
    for heading in ("rows", "DoPut, MiB", "rows/s", "files while it ran", "files", "commits", *READ):
        table.add_column(heading, justify="right")
    for rows in parser.parse_args().rows:
        with tempfile.TemporaryDirectory() as folder:
            warehouse = Path(folder) / "warehouse"
            memory, spent, staged, files, snapshots = load(warehouse, rows)
            peaks = [f"{read(warehouse, text, rows):,.0f}" for text in READ.values()]
        loaded = (f"{rows:,}", f"{memory:,.0f}", f"{rows / spent:,.0f}", str(staged), str(files), str(snapshots))
        table.add_row(*loaded, *peaks)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
