"""A lakehouse in this process: the folder of a warehouse, without a server."""

from collections.abc import Sequence

import pyarrow as pa

from srcql.receipt import Receipt
from srcql.status import Status

from .batches import Rows, open_reader
from .connection import Connection, check_query
from .extras import extra


class EmbeddedConnection(Connection):
    """The warehouse in a folder, created on first use; needs the extra `embedded`."""

    def __init__(self, location: str) -> None:
        with extra("embedded", "a warehouse in a folder"):
            from lakehouse.engine import Engine
            from lakehouse.warehouse import open_warehouse
        self.location = location
        self._warehouse = open_warehouse(location)
        self._engine = Engine(self._warehouse)

    def stream(self, text: str, parameters: Sequence[object] = ()) -> pa.RecordBatchReader:
        """Run a query and return its rows, batch by batch as the engine computes them."""
        check_query(text, parameters)
        return self._engine.query(text, parameters)

    def ingest(self, table: str, data: Rows, batch_id: str | None = None, evolve: bool = False) -> Receipt:
        """Add rows to a table of the warehouse: all of them, or none."""
        return self._warehouse.ingest(table, open_reader(data, table), batch_id, evolve)

    def status(self) -> Status:
        """Return the contents of the warehouse."""
        return self._engine.planner.snapshot().status()

    def close(self) -> None:
        """Close the engine and the warehouse."""
        self._engine.close()
        self._warehouse.close()
