"""A child that was forked after a connection was used: it works or fails at once, and never waits for ever."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import served
from tests.srcql_client.rows import observations

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
CHILDREN = """
import os, signal, sys
import sqlalchemy
import srcql_client

CLUSTERS = "CLUSTER FROM d"
location, expected = sys.argv[1:]


def child(work):
    process = os.fork()
    if process == 0:
        signal.alarm(120)  # ends a child that waits for ever
        try:
            print(work(), flush=True)
        except Exception as error:
            print(type(error).__name__, flush=True)
        os._exit(0)
    assert os.waitpid(process, 0)[1] == 0


def fresh():
    with srcql_client.connect(location) as connection:
        return connection.query(CLUSTERS).num_rows


child(fresh)
connection = srcql_client.connect(location)
assert connection.query(CLUSTERS).num_rows == int(expected)
child(lambda: connection.query(CLUSTERS).num_rows)
child(lambda: len(connection.status().data_sets))
child(fresh)
child(lambda: connection.close())
if location.startswith("grpc"):
    engine = sqlalchemy.create_engine(location.replace("grpc", "srcql"))
    child(lambda: engine.connect())
assert connection.query(CLUSTERS).num_rows == int(expected)
connection.close()
"""


def run(location: str, clusters: int) -> list[str]:
    ended = subprocess.run(
        [sys.executable, "-c", CHILDREN, location, str(clusters)], capture_output=True, text=True, check=True
    )
    return ended.stdout.splitlines()


def test_children_of_a_client_of_a_server(tmp_path: Path) -> None:
    with served(tmp_path) as connection:
        connection.ingest("observations", observations())
        clusters = connection.query("CLUSTER FROM d").num_rows
        expected = [str(clusters), "Unsupported", "Unsupported", "Unsupported", "None", "Unsupported"]
        assert run(connection.location, clusters) == expected


def test_children_of_a_process_with_a_warehouse(tmp_path: Path) -> None:
    with served(tmp_path) as connection:
        connection.ingest("observations", observations())
        clusters = connection.query("CLUSTER FROM d").num_rows
    assert run(str(tmp_path), clusters) == [str(clusters), str(clusters), "1", str(clusters), "None"]
