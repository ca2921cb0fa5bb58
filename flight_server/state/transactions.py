"""Open transactions.

Statements never write, and ingestion commits before it is acknowledged. A transaction therefore has no content: each of
its statements reads the latest commit, and COMMIT and ROLLBACK have the same effect.
"""

import secrets
import threading
from collections import OrderedDict

from srcql.errors import UnknownName


class Transactions:
    """The ids of open transactions; above `limit` the oldest are discarded."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._open: OrderedDict[bytes, None] = OrderedDict()

    def begin(self) -> bytes:
        """Begin a transaction and return its id.

        >>> transactions = Transactions(limit=10)
        >>> transactions.end(transactions.begin())
        """
        transaction = secrets.token_bytes(16)
        with self._lock:
            self._open[transaction] = None
            while len(self._open) > self._limit:
                self._open.popitem(last=False)
        return transaction

    def check(self, transaction: bytes) -> None:
        """Raise UnknownName unless the transaction is open; an empty id means no transaction."""
        with self._lock:
            if transaction and transaction not in self._open:
                raise _unknown_transaction()

    def end(self, transaction: bytes) -> None:
        """End a transaction; raise UnknownName if it is not open."""
        with self._lock:
            if transaction not in self._open:
                raise _unknown_transaction()
            del self._open[transaction]


def _unknown_transaction() -> UnknownName:
    return UnknownName("unknown transaction", hint="begin a new one; this one has ended, or belongs to another server")
