"""A server that is killed loses nothing that it acknowledged, and keeps nothing twice."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import srcql_client
from srcql.errors import SrcqlError
from srcql_client import Connection
from tests.crashing_server import POINTS

ROWS = 500


def batch(number: int) -> pa.Table:
    """Rows of one run, named after the number of the batch."""
    return pa.table(
        {
            "data_set_id": ["D"] * ROWS,
            "problem_id": [f"p{row % 7}" for row in range(ROWS)],
            "implementation_id": [f"i{row % 5}" for row in range(ROWS)],
            "test_id": [f"t{row}" for row in range(ROWS)],
            "step_id": [0] * ROWS,
            "run_id": [f"batch-{number:04}"] * ROWS,
            "output": [str(row % 3) for row in range(ROWS)],
        }
    )


@contextmanager
def process(warehouse: str, *module: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a server process, yield it with its address, and kill it at the end."""
    environment = {**os.environ, "SRCQL_WAREHOUSE": warehouse}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen([sys.executable, "-m", *module], env=environment, **pipes) as server:  # type: ignore[call-overload]
        try:
            yield server, server.stdout.readline().strip()
        finally:
            server.kill()


def send(connection: Connection, number: int) -> bool:
    """Send a batch and return whether it was a repeat."""
    return connection.ingest("observations", batch(number), batch_id=f"batch-{number}").repeated


def kept(connection: Connection) -> dict[str, int]:
    rows = connection.query("SELECT run_id, count(*) AS rows FROM observations GROUP BY 1").to_pylist()
    return {row["run_id"]: row["rows"] for row in rows}


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_named_point(tmp_path: Path, point: str) -> None:
    warehouse = str(tmp_path / "warehouse")
    with process(warehouse, "tests.crashing_server", point) as (server, uri):
        with srcql_client.connect(uri) as connection:
            assert not send(connection, 0)
            with pytest.raises(SrcqlError):
                send(connection, 1)
        assert server.wait() == -9
    with process(warehouse, "flight_server") as (_, uri), srcql_client.connect(uri) as connection:
        committed = point in ("after the commit", "before the acknowledgement")
        assert kept(connection) == dict.fromkeys(["batch-0000", "batch-0001"] if committed else ["batch-0000"], ROWS)
        assert send(connection, 1) is committed
        assert send(connection, 0)
        assert kept(connection) == {"batch-0000": ROWS, "batch-0001": ROWS}


def load_until_killed(uri: str, first: int) -> int:
    """Send batches from a number on, and return the first number that was not acknowledged."""
    number = first
    try:
        with srcql_client.connect(uri) as connection:
            while True:
                send(connection, number)
                number += 1
    except SrcqlError:
        return number


def test_killed_at_any_moment_of_a_load(tmp_path: Path) -> None:
    moments = np.random.default_rng(20).uniform(0.02, 0.8, 20)
    warehouse, number = str(tmp_path / "warehouse"), 0
    for moment in moments:
        with process(warehouse, "flight_server") as (server, uri):
            timer = threading.Timer(moment, server.kill)
            timer.start()
            number = load_until_killed(uri, number)
            timer.join()
    with process(warehouse, "flight_server") as (_, uri), srcql_client.connect(uri) as connection:
        before = kept(connection)
        send(connection, number)
        acknowledged = {f"batch-{sent:04}": ROWS for sent in range(number)}
        assert before == acknowledged | {run: ROWS for run in before if run == f"batch-{number:04}"}
        assert kept(connection) == acknowledged | {f"batch-{number:04}": ROWS}
        assert number > len(moments)


RACER = """
import sys
from lakehouse.warehouse import open_warehouse
from tests.test_crashes import batch
with open_warehouse(sys.argv[1]) as warehouse:
    for line in sys.stdin:
        number = int(line)
        receipt = warehouse.ingest("observations", batch(number), batch_id=f"race-{number}")
        print(receipt.repeated, receipt.rows, flush=True)
"""


def test_two_processes_race_with_one_batch_id(tmp_path: Path) -> None:
    warehouse = str(tmp_path / "warehouse")
    with srcql_client.connect(warehouse):
        command = [sys.executable, "-c", RACER, warehouse]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, **pipes) as one, subprocess.Popen(command, **pipes) as other:  # type: ignore[call-overload]
            for number in range(100):
                for racer in (one, other):
                    racer.stdin.write(f"{number}\n")
                    racer.stdin.flush()
                answers = sorted(racer.stdout.readline() for racer in (one, other))
                assert answers == [f"False {ROWS}\n", f"True {ROWS}\n"]
            for racer in (one, other):
                racer.stdin.close()
    with srcql_client.connect(warehouse) as connection:
        assert kept(connection) == {f"batch-{number:04}": ROWS for number in range(100)}
