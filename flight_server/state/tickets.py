"""Tickets of statements: they hold what is asked, so that any server on the same warehouse can answer them.

A ticket says what to run, on which snapshots, for which values, and which part of it; it says nothing of who may. What
is run for it is run for whoever brings it, within that one's own grants: a forged ticket does no more than the same
text asked in the open. Hence it is neither signed nor secret.
"""

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from flight_server import protocol
from flight_server.access.auth import Identity
from flight_server.protocol import message
from flight_server.several import few
from flight_server.state.options import DEFAULTS, Options, changed, told
from lakehouse.snapshots.parts import Part
from lakehouse.snapshots.snapshot import SnapshotIds
from srcql.errors import InvalidQuery, UnknownName
from srcql.schema import TABLES

REMEMBERED = 10_000


@dataclass(frozen=True)
class Ticket:
    """What is asked: a text, rows of values for its parameters, the options of its session.

    `ids` are the snapshots of the tables, None for those of now; `expires` is in seconds since 1970, None for never.
    All tickets of one FlightInfo have one `id`.
    """

    text: str
    values: pa.RecordBatch | None = None
    options: Options = DEFAULTS
    ids: SnapshotIds | None = None
    part: Part | None = None
    expires: int | None = None
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def pack(self) -> bytes:
        """The ticket as it travels.

        >>> ticket = Ticket("SELECT ?", pa.record_batch({"a": [7]}), ids=(1, None, 3), expires=4)
        >>> unpack(protocol.read(ticket.pack())) == ticket
        True
        """
        ids = dict(zip(TABLES, self.ids or (None,) * len(TABLES), strict=True))
        given: dict[str, Any] = {name: number for name, number in ids.items() if number is not None}
        if self.part:
            given |= dict(zip(_PART, (*self.part.first, *self.part.last), strict=True))
        if self.values is not None:
            given["values"] = _sent(self.values)
        if self.expires is not None:
            given["expires"] = self.expires
        if self.options != DEFAULTS:
            options = message("GetSessionOptionsResult", session_options=told(self.options))
            given["options"] = options.SerializeToString()
        kept = message("Ticket", text=self.text, pinned=self.ids is not None, id=self.id, **given)
        return protocol.pack(message("TicketStatementQuery", statement_handle=kept.SerializeToString()))


_PART = ("first_data_set", "first_problem", "last_data_set", "last_problem")


def unpack(packed: Any) -> Ticket:
    """The ticket in a TicketStatementQuery; InvalidQuery when there is none."""
    sent = protocol.parse("Ticket", packed.statement_handle)
    if not sent.id:
        raise InvalidQuery("the ticket is not one of this server")
    options, errors = changed(DEFAULTS, protocol.parse("GetSessionOptionsResult", sent.options).session_options)
    if errors:
        raise InvalidQuery(f"the ticket has options that this server does not know: {', '.join(sorted(errors))}")
    first_data_set, first_problem, last_data_set, last_problem = (getattr(sent, name) for name in _PART)
    return Ticket(
        text=sent.text,
        values=_received(sent.values) if sent.HasField("values") else None,
        options=options,
        ids=tuple(getattr(sent, name) if sent.HasField(name) else None for name in TABLES) if sent.pinned else None,
        part=Part((first_data_set, first_problem), (last_data_set, last_problem)) if sent.HasField(_PART[0]) else None,
        expires=sent.expires if sent.HasField("expires") else None,
        id=sent.id,
    )


def _sent(values: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, values.schema) as stream:
        stream.write_batch(values)
    return bytes(sink.getvalue())


def _received(sent: bytes) -> pa.RecordBatch:
    try:
        (batch,) = few([pa.ipc.open_stream(sent).read_next_batch()])
    except (pa.ArrowException, StopIteration, OSError) as error:
        raise InvalidQuery("the values of the ticket cannot be read") from error
    return batch


class Cancelled:
    """The tickets that were cancelled here, by whom and by their ids: the latest of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: OrderedDict[tuple[Identity, bytes], None] = OrderedDict()

    def add(self, owned: tuple[Identity, bytes]) -> bool:
        """Cancel a ticket; whether it was not before."""
        with self._lock:
            new = owned not in self._ids
            self._ids[owned] = None
            if len(self._ids) > REMEMBERED:
                self._ids.popitem(last=False)
            return new

    def check(self, identity: Identity, ticket: Ticket) -> None:
        """Raise UnknownName for a ticket that was cancelled, or has expired."""
        if ticket.expires is not None and ticket.expires < time.time():
            raise UnknownName("the ticket has expired", hint="ask again, or renew an endpoint before it expires")
        with self._lock:
            if (identity, ticket.id) in self._ids:
                raise UnknownName("there is no such statement: it was cancelled", hint="ask again")
