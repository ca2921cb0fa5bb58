"""Tickets of statements. A ticket holds the whole request, so any server on the same warehouse can run it.

A ticket holds the text, snapshots, parameter values and part, but no authorization: it runs with the grants of its
bearer. A forged ticket can do no more than its text sent as a query, so tickets are neither signed nor secret.
"""

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

import pyarrow as pa
from google.protobuf.message import Message

from flight_server import protocol
from flight_server.identity import Identity
from flight_server.parameter_values import checked_values
from flight_server.protocol import message
from flight_server.state.options import DEFAULTS, Options, to_messages, update_options
from lakehouse.snapshots.parts import Part
from lakehouse.snapshots.snapshot import SnapshotIds
from srcql.errors import InvalidQuery, UnknownName
from srcql.schema import TABLES

MAX_CANCELLED = 10_000


@dataclass(frozen=True)
class Ticket:
    """A request for rows: a text, rows of values for its parameters, and session options.

    `ids` are the snapshots of the tables, None for the current ones. `expires` is in seconds since 1970, or None.
    All tickets of one FlightInfo share one `id`.
    """

    text: str
    values: pa.RecordBatch | None = None
    options: Options = DEFAULTS
    ids: SnapshotIds | None = None
    part: Part | None = None
    expires: int | None = None
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def pack(self) -> bytes:
        """Return the bytes of the ticket.

        >>> ticket = Ticket("SELECT ?", pa.record_batch({"a": [7]}), ids=(1, None, 3), expires=4)
        >>> unpack_ticket(protocol.unpack(ticket.pack())) == ticket
        True
        """
        ids = dict(zip(TABLES, self.ids or (None,) * len(TABLES), strict=True))
        fields: dict[str, object] = {name: number for name, number in ids.items() if number is not None}
        if self.part:
            fields |= dict(zip(_PART, (*self.part.first, *self.part.last), strict=True))
        if self.values is not None:
            fields["values"] = _write_batch(self.values)
        if self.expires is not None:
            fields["expires"] = self.expires
        if self.options != DEFAULTS:
            options = message("GetSessionOptionsResult", session_options=to_messages(self.options))
            fields["options"] = options.SerializeToString()
        content = message("Ticket", text=self.text, pinned=self.ids is not None, id=self.id, **fields)
        return protocol.pack(message("TicketStatementQuery", statement_handle=content.SerializeToString()))


_PART = ("first_data_set", "first_problem", "last_data_set", "last_problem")


def unpack_ticket(command: Message) -> Ticket:
    """Return the ticket in a TicketStatementQuery; raise InvalidQuery for anything else."""
    content = protocol.parse("Ticket", command.statement_handle)
    if not content.id:
        raise InvalidQuery("expected a ticket of this server, found other bytes")
    changes = protocol.parse("GetSessionOptionsResult", content.options).session_options
    options, errors = update_options(DEFAULTS, changes)
    if errors:
        raise InvalidQuery(f"unknown or invalid session options in the ticket: {', '.join(sorted(errors))}")
    first_data_set, first_problem, last_data_set, last_problem = (getattr(content, name) for name in _PART)
    has_part = content.HasField(_PART[0])
    return Ticket(
        text=content.text,
        values=_read_batch(content.values) if content.HasField("values") else None,
        options=options,
        ids=tuple(_optional(content, name) for name in TABLES) if content.pinned else None,
        part=Part((first_data_set, first_problem), (last_data_set, last_problem)) if has_part else None,
        expires=_optional(content, "expires"),
        id=content.id,
    )


def _optional(content: Message, field: str) -> int | None:
    return getattr(content, field) if content.HasField(field) else None


def _write_batch(values: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, values.schema) as stream:
        stream.write_batch(values)
    return bytes(sink.getvalue())


def _read_batch(data: bytes) -> pa.RecordBatch:
    try:
        (batch,) = checked_values([pa.ipc.open_stream(data).read_next_batch()])
    except (pa.ArrowException, StopIteration, OSError) as error:
        raise InvalidQuery("cannot read the parameter values of the ticket") from error
    return batch


class CancelledTickets:
    """The most recently cancelled tickets of this server, by user and ticket id."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: OrderedDict[tuple[Identity, bytes], None] = OrderedDict()

    def add(self, identity: Identity, ticket_id: bytes) -> bool:
        """Cancel a ticket; return whether it was not cancelled before."""
        key = identity, ticket_id
        with self._lock:
            is_new = key not in self._ids
            self._ids[key] = None
            if len(self._ids) > MAX_CANCELLED:
                self._ids.popitem(last=False)
            return is_new

    def check(self, identity: Identity, ticket: Ticket) -> None:
        """Raise UnknownName for a ticket that has expired or that this user cancelled."""
        if ticket.expires is not None and ticket.expires < time.time():
            hint = "send the query again, or renew the endpoint before it expires"
            raise UnknownName("the ticket has expired", hint=hint)
        with self._lock:
            if (identity, ticket.id) in self._ids:
                raise UnknownName("unknown statement: it was cancelled", hint="send the query again")
