"""A real server that kills itself with SIGKILL at a named point of its second batch of observations.

python -m tests.crashing_server WAREHOUSE POINT
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog

from flight_server.server import serve
from flight_server.settings import Settings
from lakehouse.warehouse import Warehouse


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def around(owner: type, name: str, before: Callable[..., None] | None, after: Callable[..., None] | None) -> None:
    """Run an action before or after the second call of a method."""
    method = getattr(owner, name)
    calls = []

    def patched(self: Any, *arguments: Any, **named: Any) -> Any:
        calls.append(name)
        if before and len(calls) == 2:
            before()
        answer = method(self, *arguments, **named)
        if after and len(calls) == 2:
            after()
        return answer

    setattr(owner, name, patched)


POINTS: dict[str, Callable[[], None]] = {
    "file written": lambda: around(pq.ParquetWriter, "close", None, die),
    "before the commit": lambda: around(SqlCatalog, "commit_table", die, None),
    "after the commit": lambda: around(SqlCatalog, "commit_table", None, die),
    "before the acknowledgement": lambda: around(Warehouse, "ingest", None, die),
}

if __name__ == "__main__":
    POINTS[sys.argv[1]]()
    sys.exit(serve(Settings.from_environment()))
