"""What every door of the server shares: the engine, what clients may come back to, and who looks after what runs."""

from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock
from typing import Any, TypeVar

from flight_server.auth import Identity
from flight_server.calls import Calls, call_of, shutting_down
from flight_server.settings import Settings
from flight_server.statements import Statements
from flight_server.transactions import Transactions
from flight_server.watchdog import Watchdog
from lakehouse.engine import Engine, Prepared
from lakehouse.planner import Snapshot
from srcql.errors import Unsupported

Item = TypeVar("Item")


@dataclass(frozen=True)
class Service:
    """One server's parts, and what the doors do with several of them."""

    settings: Settings
    engine: Engine
    calls: Calls
    watchdog: Watchdog
    transactions: Transactions = field(init=False)
    slots: BoundedSemaphore = field(init=False)
    _statements: dict[Identity, Statements] = field(default_factory=dict, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "transactions", Transactions(self.settings.handles))
        object.__setattr__(self, "slots", BoundedSemaphore(self.settings.statements))

    def statements(self, context: Any) -> Statements:
        """What the one who calls may come back to, as long as nothing else is granted to them."""
        identity = call_of(context).identity
        with self._lock:
            if identity not in self._statements:
                self._statements[identity] = Statements(self.settings.handles, self.settings.handle_ttl)
            return self._statements[identity]

    def snapshot(self, context: Any) -> Snapshot:
        """The lakehouse as it is now and as the one who calls may see it."""
        return self.engine.planner.snapshot().only(call_of(context).identity.data_sets)

    def prepare(self, context: Any, text: str, transaction: bytes = b"") -> Prepared:
        """A statement, on the lakehouse as it is now and as the one who calls may see it."""
        self.transactions.check(transaction)
        if self.calls.draining:
            raise shutting_down()
        return self.engine.prepare(text, call_of(context).identity.data_sets)


def handler(handlers: dict[str, Item], name: str, door: str) -> Item:
    """What answers a message of that name at a door; Unsupported when nothing does."""
    if name not in handlers:
        raise Unsupported(f"{name} is not served as {door}", hint=f"served: {', '.join(handlers)}")
    return handlers[name]


def whole(table: str) -> str:
    """The text that asks for all rows of a table."""
    return f"SELECT * FROM {table}"
