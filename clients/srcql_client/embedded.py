"""A lakehouse in this process: the folder of a warehouse, without a server."""

import logging
import tempfile
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pyarrow as pa

from srcql.batch_id import OF_CONTENT, BatchId
from srcql.errors import StoreError, UnknownName
from srcql.receipt import Receipt
from srcql.status import Status

from .batches import Rows, open_reader
from .connection import Connection, name_place
from .extras import extra

if TYPE_CHECKING:
    from lakehouse.engine import Engine

_log = logging.getLogger(__name__)


class EmbeddedConnection(Connection):
    """The warehouse in a folder, which the first ingest creates; needs the extra `embedded`."""

    def __init__(self, location: str) -> None:
        with extra("embedded", "a warehouse in a folder"):
            from lakehouse.folder import MissingWarehouse
        self.location = location
        self._missing = MissingWarehouse
        self._lock = threading.Lock()
        self._resources = ExitStack()
        self._engine: Engine | None = None
        self._nothing: Engine | None = None
        with suppress(MissingWarehouse):
            self._open(create=False)

    def stream(self, text: str) -> pa.RecordBatchReader:
        """Run a query and return its rows, batch by batch as the engine computes them."""
        try:
            return self._open(create=False).query(text)
        except self._missing as error:
            return self._query_nothing(text, error)
        except UnknownName as error:
            error.hint = error.hint and name_place(error.hint, self.location)
            raise

    def ingest(self, table: str, data: Rows, batch_id: BatchId = OF_CONTENT) -> Receipt:
        """Add rows to a table of the warehouse, which is created if it is missing: all of them, or none."""
        rows = open_reader(data)
        return self._open(create=True).warehouse.ingest(table, rows, batch_id)

    def status(self) -> Status:
        """Return the contents of the warehouse."""
        return self._open(create=False).planner.snapshot().status()

    def close(self) -> None:
        """Close the engine and the warehouse."""
        self._resources.close()

    def _open(self, create: bool) -> "Engine":
        """Return the engine of the warehouse; raise MissingWarehouse if there is none and it may not be created."""
        from lakehouse.engine import Engine
        from lakehouse.warehouse import open_warehouse

        with self._lock:
            if self._engine is None:
                warehouse = self._resources.enter_context(open_warehouse(self.location, create=create))
                if warehouse.created:
                    _log.warning("created warehouse %s", warehouse.location)
                self._engine = self._resources.enter_context(Engine(warehouse))
            return self._engine

    def _query_nothing(self, text: str, missing: StoreError) -> pa.RecordBatchReader:
        """Run a query that names no table, on an empty lakehouse; raise `missing` for any other."""
        try:
            statement = self._empty().prepare(text)
        except UnknownName:
            raise missing from None
        if statement.named_tables:
            raise missing
        _log.warning("%s; the query reads an empty lakehouse", missing.message)
        return statement.execute().reader()

    def _empty(self) -> "Engine":
        """Return the engine of an empty lakehouse, which is removed when the connection is closed."""
        from lakehouse.engine import Engine
        from lakehouse.warehouse import open_warehouse

        with self._lock:
            if self._nothing is None:
                folder = self._resources.enter_context(tempfile.TemporaryDirectory(prefix="srcql-"))
                warehouse = self._resources.enter_context(open_warehouse(folder))
                self._nothing = self._resources.enter_context(Engine(warehouse))
            return self._nothing
