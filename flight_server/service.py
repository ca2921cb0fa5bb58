"""What every door of the server shares: the engine, what clients may come back to, and who looks after what runs."""

from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Any, TypeVar

from flight_server.calls import Calls, shutting_down
from flight_server.settings import Settings
from flight_server.statements import Statements
from flight_server.transactions import Transactions
from flight_server.watchdog import Watchdog
from lakehouse.engine import Engine, Prepared
from srcql.errors import Unsupported

Item = TypeVar("Item")


@dataclass(frozen=True)
class Service:
    """One server's parts, and what the doors do with several of them."""

    settings: Settings
    engine: Engine
    calls: Calls
    watchdog: Watchdog
    statements: Statements = field(init=False)
    transactions: Transactions = field(init=False)
    slots: BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "statements", Statements(self.settings.handles, self.settings.handle_ttl))
        object.__setattr__(self, "transactions", Transactions(self.settings.handles))
        object.__setattr__(self, "slots", BoundedSemaphore(self.settings.statements))

    def prepare(self, context: Any, text: str, transaction: bytes = b"") -> Prepared:  # noqa: ARG002
        """A statement, on the lakehouse as it is now."""
        self.transactions.check(transaction)
        if self.calls.draining:
            raise shutting_down()
        return self.engine.prepare(text)


def handler(handlers: dict[str, Item], name: str, door: str) -> Item:
    """What answers a message of that name at a door; Unsupported when nothing does."""
    if name not in handlers:
        raise Unsupported(f"{name} is not served as {door}", hint=f"served: {', '.join(handlers)}")
    return handlers[name]


def whole(table: str) -> str:
    """The text that asks for all rows of a table."""
    return f"SELECT * FROM {table}"
