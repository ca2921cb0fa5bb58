"""Statements that are asked: what they stand for, their schema, and their rows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.flight as flight

from flight_server import protocol
from flight_server.calls import call_of
from flight_server.protocol import message
from flight_server.results import sent_as, watched
from flight_server.service import Service, handler
from flight_server.statements import NOBODY, Asked
from flight_server.watchdog import Watch
from srcql.errors import Unavailable


class Queries:
    """The commands and the ticket that have rows of a statement."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def schema(self, context: Any, request: Any) -> pa.Schema:
        """The schema of a request's rows."""
        return self._asked(context, request).schema

    def info(self, context: Any, request: Any, descriptor: flight.FlightDescriptor) -> flight.FlightInfo:
        """Where the rows of a request are to be fetched, for how long, and their schema."""
        service, asked = self._service, self._asked(context, request)
        handle = service.statements(context).add(asked, parent=getattr(request, "prepared_statement_handle", NOBODY))
        ticket = protocol.pack(message("TicketStatementQuery", statement_handle=handle))
        expires = datetime.now(UTC) + timedelta(seconds=service.settings.handle_ttl)
        expiration = pa.scalar(expires, pa.timestamp("ns", "UTC"))
        return flight.FlightInfo(asked.schema, descriptor, [flight.FlightEndpoint(ticket, [], expiration)], -1, -1)

    def stream(self, context: Any, request: Any) -> flight.GeneratorStream:
        """The rows of a request, as long as the client reads them."""
        service, call, asked = self._service, call_of(context), self._asked(context, request)
        if not service.slots.acquire(blocking=False):
            raise Unavailable(f"{service.settings.statements} statements are running", hint="ask again in a moment")
        call.resources.callback(service.slots.release)
        result = call.resources.enter_context(asked.execute())
        handle = call.identity, getattr(request, "statement_handle", None)
        watch = Watch(context.is_cancelled, handle, service.settings.statement_timeout, result.interrupt)
        service.watchdog.watch(watch)
        call.resources.callback(service.watchdog.forget, watch)
        return flight.GeneratorStream(sent_as(result.schema), call.told_each(call.counted(watched(result, watch))))

    def _asked(self, context: Any, request: Any) -> Asked:
        ask = handler(self.COMMANDS, protocol.name_of(request), "a query")
        return ask(self, context, request)

    def _query(self, context: Any, command: Any) -> Asked:
        return Asked(self._service.prepare(context, command.query, command.transaction_id))

    def _prepared(self, context: Any, command: Any) -> Asked:
        """A prepared statement reads what is in the store when it is executed, not when it was prepared."""
        asked = self._service.statements(context).get(command.prepared_statement_handle)
        if asked.statement.snapshot is self._service.snapshot(context):
            return asked
        return Asked(self._service.prepare(context, asked.statement.text), asked.values)

    def _announced(self, context: Any, ticket: Any) -> Asked:
        return self._service.statements(context).get(ticket.statement_handle)

    COMMANDS: ClassVar[dict[str, Callable[..., Asked]]] = {
        "CommandStatementQuery": _query,
        "CommandPreparedStatementQuery": _prepared,
        "TicketStatementQuery": _announced,
    }
