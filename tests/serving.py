"""A real server with a client."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import srcql_client
from flight_server.server import Server
from flight_server.settings import Settings


@contextmanager
def served(warehouse: Path, **settings: Any) -> Iterator[srcql_client.Connection]:
    """Serve this warehouse and yield a connection."""
    server = Server(Settings(warehouse=str(warehouse), **settings))
    try:
        with srcql_client.connect(server.uri) as connection:
            yield connection
    finally:
        server.shutdown(grace=5)
