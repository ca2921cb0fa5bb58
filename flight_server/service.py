"""State and operations that the handlers of queries, metadata, puts and actions share."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

import pyarrow.flight as flight

from flight_server.calls import Calls, call_of, shutdown_error
from flight_server.engines.engines import Engines
from flight_server.engines.pool import Pool
from flight_server.engines.requests import Query
from flight_server.identity import Identity
from flight_server.settings import Settings
from flight_server.slots import Leave, Slots
from flight_server.state.options import DEFAULTS, Options
from flight_server.state.sessions import Sessions
from flight_server.state.statements import PreparedStatements
from flight_server.state.tickets import CancelledTickets
from flight_server.state.transactions import Transactions
from flight_server.watchdog import Watch, Watchdog
from lakehouse.query.deadline import client_cancelled
from lakehouse.snapshots.parts import Part
from lakehouse.snapshots.planner import Planner
from lakehouse.snapshots.snapshot import LakehouseSnapshot, SnapshotIds
from lakehouse.warehouse import Warehouse
from srcql.errors import InvalidQuery, Unsupported

Item = TypeVar("Item")
MAX_PARTS = 8
MAX_TEXT = 16 * 2**20


class Service:
    """The parts of one server, each within the grants of the caller."""

    def __init__(self, settings: Settings, warehouse: Warehouse, pool: Pool, calls: Calls, watchdog: Watchdog) -> None:
        self.settings = settings
        self.warehouse = warehouse
        self.planner = Planner(warehouse)
        self.engines = Engines(pool, self.planner)
        self.watchdog = watchdog
        self.sessions = Sessions(settings.sessions, settings.session_idle)
        self._slots = Slots(settings.statements, 2 * MAX_PARTS, settings.queue, settings.queue_seconds)
        self.cancelled = CancelledTickets()
        self._calls = calls
        self._statements: dict[Identity, PreparedStatements] = {}
        self._transactions: dict[Identity, Transactions] = {}
        self._lock = Lock()

    def statements(self, context: flight.ServerCallContext) -> PreparedStatements:
        """Return the caller's prepared statements; changed grants start empty."""
        settings = self.settings
        with self._lock:
            for statements in self._statements.values():
                statements.reap()  # users that do not return would keep their expired statements
            new = PreparedStatements(settings.handles, settings.handle_ttl)
            return self._statements.setdefault(call_of(context).identity, new)

    def transactions(self, context: flight.ServerCallContext) -> Transactions:
        """Return the caller's open transactions."""
        with self._lock:
            return self._transactions.setdefault(call_of(context).identity, Transactions(self.settings.handles))

    @contextmanager
    def slot(self, context: flight.ServerCallContext, handle: Hashable, shared: bool) -> Iterator[None]:
        """Hold a slot for one stream of a statement; `shared` if other streams of it have the same handle.

        While it waits for the slot, the client can disconnect, cancel by the handle, or see the server shut down.
        """

        @contextmanager
        def watched(leave: Leave) -> Iterator[None]:
            watch = Watch(context.is_cancelled, handle, None, leave)
            self.watchdog.add(watch)
            try:
                yield
            finally:
                self.watchdog.discard(watch)
            if watch.reason:
                raise watch.reason

        with self._slots.acquire(handle if shared else object(), watched):
            yield

    def snapshot(self, context: flight.ServerCallContext) -> LakehouseSnapshot:
        """Return the current snapshot of the lakehouse within the caller's grants."""
        return self.planner.snapshot().only(call_of(context).identity.data_sets)

    def options(self, context: flight.ServerCallContext) -> Options:
        """Return the options of the call's session."""
        return self.sessions.options(call_of(context))

    def query(
        self,
        context: flight.ServerCallContext,
        text: str,
        options: Options = DEFAULTS,
        *,
        ids: SnapshotIds | None = None,
        part: Part | None = None,
    ) -> Query:
        """Return a query on the current snapshot or on the snapshots `ids`, within the caller's grants."""
        if self._calls.draining and ids is None:
            raise shutdown_error()
        if len(text) > MAX_TEXT:
            found = f"expected a statement of at most {MAX_TEXT:,} characters, found {len(text):,}"
            raise InvalidQuery(found, hint="send values as parameters, or ingest them and join with them")
        data_sets = call_of(context).identity.data_sets
        return Query(text, data_sets, ids, part, options.parsed_equality, self.time_limit(options))

    def time_limit(self, options: Options) -> float | None:
        """Return how many seconds a statement may compute: the lower limit of the server and the session."""
        limits = [seconds for seconds in (self.settings.statement_timeout, options.timeout) if seconds]
        return min(limits, default=None)


@contextmanager
def cancellable_compilation(context: flight.ServerCallContext) -> Iterator[None]:
    """Stop the compilation of statements in this context when the client cancels the call."""
    token = client_cancelled.set(context.is_cancelled)
    try:
        yield
    finally:
        client_cancelled.reset(token)


def find_handler(handlers: dict[str, Item], name: str, purpose: str) -> Item:
    """Return the handler of a message by name; raise Unsupported if there is none for this purpose."""
    if name not in handlers:
        raise Unsupported(f"{name} is not supported as {purpose}", hint=f"supported: {', '.join(handlers)}")
    return handlers[name]


def select_all(table: str) -> str:
    """Return the query for all rows of a table."""
    return f"SELECT * FROM {table}"
