"""A lakehouse in this process: the folder of a warehouse, without a server."""

import logging
import os
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pyarrow as pa

from srcql.batch_id import OF_CONTENT, BatchId
from srcql.environment import CATALOG, catalog_properties
from srcql.errors import StoreError, UnknownName
from srcql.receipt import Receipt
from srcql.status import Status

from .batches import Rows, open_reader
from .connection import Connection, check_query, name_place
from .extras import extra
from .forks import abandon, keep_in_children

if TYPE_CHECKING:
    from lakehouse.engine import Engine

_log = logging.getLogger(__name__)


class EmbeddedConnection(Connection):
    """The warehouse in a folder, or in the catalog of SRCQL_CATALOG; the first ingest creates it.

    Without a location, that catalog decides where the files are. Needs the extra `embedded`.
    """

    def __init__(self, location: str | None) -> None:
        with extra("embedded", "a warehouse in a folder"):
            from lakehouse.folder import MissingWarehouse
        keep_in_children(self)
        self.location = location or CATALOG
        self._folder = location
        self._catalog = catalog_properties()
        self._missing = MissingWarehouse
        self._begin()
        with suppress(MissingWarehouse):
            self._open(create=False)

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._resources = ExitStack()
        self._engine: Engine | None = None
        self._nothing: Engine | None = None

    def _begin_again_in_a_child(self) -> None:
        """Forget what the parent of a forked process has opened: its threads do not exist here."""
        if self._process != os.getpid():
            abandon(self._lock, self._resources, self._engine, self._nothing)
            self._begin()

    def stream(self, text: str, parameters: Sequence[object] = ()) -> pa.RecordBatchReader:
        """Run a query and return its rows, batch by batch as the engine computes them."""
        self._check_open()
        check_query(text, parameters)
        try:
            return self._open(create=False).query(text, parameters)
        except self._missing as error:
            return self._query_nothing(text, parameters, error)
        except UnknownName as error:
            error.hint = error.hint and name_place(error.hint, self.location)
            raise

    def ingest(self, table: str, data: Rows, batch_id: BatchId = OF_CONTENT, evolve: bool = False) -> Receipt:
        """Add rows to a table of the warehouse, which is created if it is missing: all of them, or none."""
        self._check_open()
        rows = open_reader(data, table)
        return self._open(create=True).warehouse.ingest(table, rows, batch_id, evolve)

    def status(self) -> Status:
        """Return the contents of the warehouse."""
        self._check_open()
        return self._open(create=False).planner.snapshot().status()

    def close(self) -> None:
        """Close the engine and the warehouse; a forked child leaves those of its parent open."""
        self._closed = True
        if self._process == os.getpid():
            self._resources.close()

    def _open(self, create: bool) -> "Engine":
        """Return the engine of the warehouse; raise MissingWarehouse if there is none and it may not be created."""
        from lakehouse.engine import Engine
        from lakehouse.warehouse import open_warehouse

        self._begin_again_in_a_child()
        with self._lock:
            if self._engine is None:
                warehouse = self._resources.enter_context(
                    open_warehouse(self._folder, create=create, catalog=self._catalog)
                )
                if warehouse.created:
                    _log.warning("created warehouse %s", warehouse.location)
                self._engine = self._resources.enter_context(Engine(warehouse))
            return self._engine

    def _query_nothing(self, text: str, parameters: Sequence[object], missing: StoreError) -> pa.RecordBatchReader:
        """Run a query that names no table, on an empty lakehouse; raise `missing` for any other."""
        try:
            statement = self._empty().prepare(text)
        except UnknownName:
            raise missing from None
        if statement.named_tables:
            raise missing
        _log.warning("%s; the query reads an empty lakehouse", missing.message)
        return statement.execute(parameters).reader()

    def _empty(self) -> "Engine":
        """Return the engine of an empty lakehouse, which is removed when the connection is closed."""
        from lakehouse.engine import Engine
        from lakehouse.warehouse import open_warehouse

        self._begin_again_in_a_child()
        with self._lock:
            if self._nothing is None:
                folder = self._resources.enter_context(tempfile.TemporaryDirectory(prefix="srcql-"))
                warehouse = self._resources.enter_context(open_warehouse(folder))
                self._nothing = self._resources.enter_context(Engine(warehouse))
            return self._nothing
