"""Statements that are asked: what they stand for, their schema, and their rows."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.flight as flight

from flight_server import protocol
from flight_server.calls import call_of
from flight_server.results import sent_as, watched
from flight_server.service import MOST_PARTS, Service, handler
from flight_server.several import executed, schema_of
from flight_server.state.options import Options
from flight_server.state.tickets import Ticket, unpack
from flight_server.watchdog import Watch
from lakehouse.engine import Prepared
from lakehouse.snapshots.parts import Part, parts_of

PART_ROWS = 1_000_000


class Queries:
    """The commands and the ticket that have rows of a statement."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def schema(self, context: Any, request: Any) -> pa.Schema:
        """The schema of a request's rows."""
        ticket = self._ticket(context, request)
        return self._schema(self._prepared(context, ticket), ticket)

    def info(self, context: Any, request: Any, descriptor: flight.FlightDescriptor) -> flight.FlightInfo:
        """Where the rows of a request are to be fetched, for how long, and their schema; of many rows in parts."""
        asked = self._ticket(context, request)
        statement = self._prepared(context, asked)
        announced = self._held(replace(asked, ids=tuple(statement.snapshot.ids.values())))
        parts: Sequence[Part | None] = parts_of(statement.snapshot, statement.partitionable, PART_ROWS, MOST_PARTS) or [
            None
        ]
        endpoints = [_endpoint(replace(announced, part=part)) for part in parts]
        return flight.FlightInfo(self._schema(statement, asked), descriptor, endpoints, -1, -1, len(parts) > 1)

    def stream(self, context: Any, request: Any) -> flight.GeneratorStream:
        """The rows of a request, as long as the client reads them."""
        service, call, ticket = self._service, call_of(context), self._ticket(context, request)
        owned = call.identity, ticket.id
        call.resources.enter_context(service.slots.taken(owned if ticket.part else object()))
        result = call.resources.enter_context(executed(self._prepared(context, ticket), ticket.values))
        interrupt = partial(result.interrupt, wait=False)
        watch = Watch(context.is_cancelled, owned, self._seconds(ticket.options), interrupt)
        service.watchdog.watch(watch)
        call.resources.callback(service.watchdog.forget, watch)
        schema = sent_as(result.schema, ticket.options.string_views)
        batches = call.told_each(call.counted(watched(result, watch, schema)))
        return flight.GeneratorStream(schema, batches, options=_written(ticket.options))

    def renew(self, context: Any, endpoint: flight.FlightEndpoint) -> flight.FlightEndpoint:
        """The endpoint for longer, if what its ticket reads is still kept; that of metadata lasts as it is."""
        request = protocol.read(endpoint.ticket.ticket)
        if request is None or protocol.name_of(request) != "TicketStatementQuery":
            return endpoint
        return _endpoint(self._held(self._announced(context, request)))

    def _ticket(self, context: Any, request: Any) -> Ticket:
        read = handler(self.COMMANDS, protocol.name_of(request), "a query")
        return read(self, context, request)

    def _prepared(self, context: Any, ticket: Ticket) -> Prepared:
        return self._service.prepare(context, ticket.text, ticket.options, ids=ticket.ids, part=ticket.part)

    def _schema(self, statement: Prepared, ticket: Ticket) -> pa.Schema:
        return sent_as(schema_of(statement, ticket.values), ticket.options.string_views)

    def _held(self, ticket: Ticket) -> Ticket:
        """The ticket, good from now on for as long as tickets are; until then its snapshots are held."""
        expires = int(time.time() + self._service.settings.handle_ttl)
        if ticket.ids is not None:
            self._service.engine.planner.hold(ticket.ids, expires)
        return replace(ticket, expires=expires)

    def _seconds(self, options: Options) -> float | None:
        """How long a statement may compute: what the server lets it, or less."""
        limits = [seconds for seconds in (self._service.settings.statement_timeout, options.timeout) if seconds]
        return min(limits, default=None)

    def _query(self, context: Any, command: Any) -> Ticket:
        self._service.transactions(context).check(command.transaction_id)
        return Ticket(command.query, options=self._service.options(context))

    def _statement(self, context: Any, command: Any) -> Ticket:
        """A prepared statement reads what is in the store when it is executed, not when it was prepared."""
        asked = self._service.statements(context).get(command.prepared_statement_handle)
        return Ticket(asked.text, asked.values, self._service.options(context))

    def _announced(self, context: Any, packed: Any) -> Ticket:
        ticket = unpack(packed)
        self._service.cancelled.check(call_of(context).identity, ticket)
        return ticket

    COMMANDS: ClassVar[dict[str, Callable[..., Ticket]]] = {
        "CommandStatementQuery": _query,
        "CommandPreparedStatementQuery": _statement,
        "TicketStatementQuery": _announced,
    }


def _endpoint(ticket: Ticket) -> flight.FlightEndpoint:
    assert ticket.expires is not None
    expiration = pa.scalar(ticket.expires * 1_000_000_000, pa.timestamp("ns", "UTC"))
    return flight.FlightEndpoint(ticket.pack(), [], expiration)


def _written(options: Options) -> pa.ipc.IpcWriteOptions:
    return pa.ipc.IpcWriteOptions(compression=None if options.compression == "none" else options.compression)
