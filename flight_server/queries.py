"""Queries: the statement that a command or ticket requests, its schema, its endpoints and its rows."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import pyarrow as pa
import pyarrow.flight as flight
from google.protobuf.message import Message

from flight_server import protocol
from flight_server.calls import call_of
from flight_server.engines.requests import Plan, Query
from flight_server.results import wire_schema
from flight_server.service import MAX_PARTS, Service, find_handler
from flight_server.state.options import Options
from flight_server.state.tickets import Ticket, unpack_ticket
from flight_server.watchdog import Watch

PART_ROWS = 1_000_000


class Queries:
    """Handlers of the commands and the ticket whose rows a statement returns."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def schema(self, context: flight.ServerCallContext, command: Message) -> pa.Schema:
        """Return the schema of a query's rows."""
        ticket = self._ticket(context, command)
        return self._wire_schema(self._plan(context, ticket), ticket)

    def info(
        self, context: flight.ServerCallContext, command: Message, descriptor: flight.FlightDescriptor
    ) -> flight.FlightInfo:
        """Return the schema and the endpoints of a query; a large export has one endpoint for each part."""
        request = self._ticket(context, command)
        plan = self._plan(context, request)
        ticket = self._extend(replace(request, ids=plan.ids))
        endpoints = [_endpoint(replace(ticket, part=part)) for part in plan.parts] or [_endpoint(ticket)]
        return flight.FlightInfo(self._wire_schema(plan, request), descriptor, endpoints, -1, -1, len(plan.parts) > 1)

    def stream(self, context: flight.ServerCallContext, command: Message) -> flight.GeneratorStream:
        """Return the stream of a query's rows; it ends when the client cancels the call."""
        call, ticket = call_of(context), self._ticket(context, command)
        handle = call.identity, ticket.id
        call.resources.enter_context(self._service.slot(context, handle, shared=ticket.part is not None))
        query, key = self._query_of(context, ticket), handle if ticket.part else None
        run = self._service.engines.run(query, ticket.values, ticket.options.string_views, key)
        rows = call.resources.enter_context(run)
        watch = Watch(context.is_cancelled, handle, query.seconds, rows.stop)
        self._service.watchdog.add(watch)
        call.resources.callback(self._service.watchdog.discard, watch)
        batches = call.stream(call.count_rows(watch.watched(rows.batches())))
        return flight.GeneratorStream(rows.schema, batches, options=_write_options(ticket.options))

    def renew(self, context: flight.ServerCallContext, endpoint: flight.FlightEndpoint) -> flight.FlightEndpoint:
        """Return the endpoint with a later expiry if its snapshots still exist; endpoints of metadata never expire."""
        command = protocol.unpack(endpoint.ticket.ticket)
        if command is None or protocol.message_name(command) != "TicketStatementQuery":
            return endpoint
        return _endpoint(self._extend(self._issued_ticket(context, command)))

    def _ticket(self, context: flight.ServerCallContext, command: Message) -> Ticket:
        handler = find_handler(self.COMMANDS, protocol.message_name(command), "a query")
        return handler(self, context, command)

    def _query_of(self, context: flight.ServerCallContext, ticket: Ticket) -> Query:
        return self._service.query(context, ticket.text, ticket.options, ids=ticket.ids, part=ticket.part)

    def _plan(self, context: flight.ServerCallContext, ticket: Ticket) -> Plan:
        return self._service.engines.plan(self._query_of(context, ticket), ticket.values, PART_ROWS, MAX_PARTS)

    def _wire_schema(self, plan: Plan, ticket: Ticket) -> pa.Schema:
        return wire_schema(plan.schema, ticket.options.string_views)

    def _extend(self, ticket: Ticket) -> Ticket:
        """Return the ticket with a new expiry; its snapshots are retained until then."""
        expires = int(time.time() + self._service.settings.handle_ttl)
        if ticket.ids is not None:
            self._service.planner.hold(ticket.ids, expires)
        return replace(ticket, expires=expires)

    def _query(self, context: flight.ServerCallContext, command: Message) -> Ticket:
        self._service.transactions(context).check(command.transaction_id)
        return Ticket(command.query, options=self._service.options(context))

    def _prepared_query(self, context: flight.ServerCallContext, command: Message) -> Ticket:
        """Return a ticket without snapshots: a prepared statement reads the latest commit at each execution."""
        statement = self._service.statements(context).get(command.prepared_statement_handle)
        return Ticket(statement.text, statement.values, self._service.options(context))

    def _issued_ticket(self, context: flight.ServerCallContext, command: Message) -> Ticket:
        ticket = unpack_ticket(command)
        self._service.cancelled.check(call_of(context).identity, ticket)
        return ticket

    COMMANDS: ClassVar[dict[str, Callable[..., Ticket]]] = {
        "CommandStatementQuery": _query,
        "CommandPreparedStatementQuery": _prepared_query,
        "TicketStatementQuery": _issued_ticket,
    }


def _endpoint(ticket: Ticket) -> flight.FlightEndpoint:
    assert ticket.expires is not None
    expiration = pa.scalar(ticket.expires * 1_000_000_000, pa.timestamp("ns", "UTC"))
    return flight.FlightEndpoint(ticket.pack(), [], expiration)


def _write_options(options: Options) -> pa.ipc.IpcWriteOptions:
    return pa.ipc.IpcWriteOptions(compression=None if options.compression == "none" else options.compression)
