"""What every door of the server shares: the engine, what clients may come back to, and who looks after what runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeVar

from flight_server.access.auth import Identity
from flight_server.calls import Calls, call_of, shutting_down
from flight_server.settings import Settings
from flight_server.slots import Slots
from flight_server.state.options import DEFAULTS, Options
from flight_server.state.sessions import Sessions
from flight_server.state.statements import Statements
from flight_server.state.tickets import Cancelled
from flight_server.state.transactions import Transactions
from flight_server.watchdog import Watchdog
from lakehouse.engine import Engine, Prepared
from lakehouse.query.deadline import client_cancelled
from lakehouse.snapshots.parts import Part
from lakehouse.snapshots.snapshot import LakehouseSnapshot, SnapshotIds
from srcql.errors import Unsupported

Item = TypeVar("Item")
MOST_PARTS = 8


class Service:
    """One server's parts, and what the doors do with several of them."""

    def __init__(self, settings: Settings, engine: Engine, calls: Calls, watchdog: Watchdog) -> None:
        self.settings = settings
        self.engine = engine
        self.watchdog = watchdog
        self.sessions = Sessions(settings.sessions, settings.session_idle)
        self.slots = Slots(settings.statements, 2 * MOST_PARTS)
        self.cancelled = Cancelled()
        self._calls = calls
        self._statements: dict[Identity, Statements] = {}
        self._transactions: dict[Identity, Transactions] = {}
        self._lock = Lock()

    def statements(self, context: Any) -> Statements:
        """What the one who calls may come back to, as long as nothing else is granted to them."""
        settings = self.settings
        with self._lock:
            for others in self._statements.values():
                others.reap()  # whoever does not come back is not asked
            mine = Statements(settings.handles, settings.handle_ttl)
            return self._statements.setdefault(call_of(context).identity, mine)

    def transactions(self, context: Any) -> Transactions:
        """The transactions that the one who calls has begun."""
        with self._lock:
            return self._transactions.setdefault(call_of(context).identity, Transactions(self.settings.handles))

    def snapshot(self, context: Any) -> LakehouseSnapshot:
        """The lakehouse as it is now and as the one who calls may see it."""
        return self.engine.planner.snapshot().only(call_of(context).identity.data_sets)

    def options(self, context: Any) -> Options:
        """The options of a call's session."""
        return self.sessions.options(call_of(context))

    def prepare(
        self,
        context: Any,
        text: str,
        options: Options = DEFAULTS,
        *,
        ids: SnapshotIds | None = None,
        part: Part | None = None,
    ) -> Prepared:
        """A statement, on what the caller may see of the lakehouse as it is now, or as it was at these snapshots."""
        if self._calls.draining and ids is None:
            raise shutting_down()
        data_sets = call_of(context).identity.data_sets
        seconds = options.timeout or None
        return self.engine.prepare(text, data_sets, ids=ids, part=part, equality=options.using, seconds=seconds)


@contextmanager
def waiting(context: Any) -> Iterator[None]:
    """What is planned inside ends when the client gives up."""
    token = client_cancelled.set(context.is_cancelled)
    try:
        yield
    finally:
        client_cancelled.reset(token)


def handler(handlers: dict[str, Item], name: str, door: str) -> Item:
    """What answers a message of that name at a door; Unsupported when nothing does."""
    if name not in handlers:
        raise Unsupported(f"{name} is not served as {door}", hint=f"served: {', '.join(handlers)}")
    return handlers[name]


def whole(table: str) -> str:
    """The text that asks for all rows of a table."""
    return f"SELECT * FROM {table}"
