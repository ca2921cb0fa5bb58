"""Transactions that are open.

A statement never writes, and what is ingested is committed before it is acknowledged. So a transaction holds nothing:
each of its statements reads what is committed by then, and it is the same whether it is committed or rolled back.
"""

import secrets
import threading
from collections import OrderedDict

from srcql.errors import UnknownName


class Transactions:
    """The ids of open transactions; of more than `limit`, the oldest are forgotten."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._open: OrderedDict[bytes, None] = OrderedDict()

    def begin(self) -> bytes:
        """The id of a new transaction.

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
        """Raise UnknownName unless the transaction is open; no id at all is the statement's own transaction."""
        with self._lock:
            if transaction and transaction not in self._open:
                raise _unknown()

    def end(self, transaction: bytes) -> None:
        """Forget a transaction; UnknownName when it is not open."""
        with self._lock:
            if transaction not in self._open:
                raise _unknown()
            del self._open[transaction]


def _unknown() -> UnknownName:
    return UnknownName("there is no such transaction", hint="it was ended, or begun on another server: connect again")
