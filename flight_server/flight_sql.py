"""The methods of Flight, each handing over to the door that a command belongs to.

A descriptor or a ticket holds a command of Flight SQL, or SRCQL as UTF-8 text, or (a path) the name of a table. What
each command and action is answered stands in `queries`, `metadata`, `puts` and `actions`.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight

from flight_server import protocol, tls
from flight_server.actions import Actions
from flight_server.calls import NAME, Calls, call_of, told
from flight_server.ingest import by_path
from flight_server.metadata import Metadata
from flight_server.protocol import message
from flight_server.puts import Puts
from flight_server.queries import Queries
from flight_server.service import Service, waiting, whole
from flight_server.settings import Settings
from flight_server.watchdog import Watchdog
from lakehouse.engine import Engine
from srcql.errors import InvalidQuery, Unsupported
from srcql.schema import TABLES


class NoHandshake(flight.ServerAuthHandler):  # type: ignore[misc]
    """Does nothing, for the door has looked at the headers before; without it there would be no Handshake at all."""

    def authenticate(self, outgoing: Any, incoming: Any) -> None:
        """Nothing to say: the token travels in a header of the answer."""

    def is_valid(self, token: bytes) -> str:  # noqa: ARG002
        """Who calls is known by the call itself."""
        return ""


class FlightServer(flight.FlightServerBase):  # type: ignore[misc]
    """The lakehouse as a Flight SQL service."""

    def __init__(self, settings: Settings, engine: Engine, calls: Calls, watchdog: Watchdog) -> None:
        service = Service(settings, engine, calls, watchdog)
        self._queries = Queries(service)
        self._metadata = Metadata(service)
        self._puts = Puts(service)
        self._actions = Actions(service, self._queries)
        super().__init__(settings.listen, auth_handler=NoHandshake(), middleware={NAME: calls}, **tls.options(settings))

    @told
    def list_flights(self, context: Any, criteria: bytes) -> Iterator[flight.FlightInfo]:  # noqa: ARG002
        """The three tables."""
        return iter([self._table_info(context, name) for name in TABLES])

    @told
    def get_flight_info(self, context: Any, descriptor: flight.FlightDescriptor) -> flight.FlightInfo:
        """Where the rows of a descriptor are to be fetched, and their schema."""
        request = _request_of(descriptor)
        rows = self._metadata.rows(context, request)
        if rows is not None:
            return _info(rows.schema, descriptor, descriptor.command, len(rows))
        with waiting(context):
            return self._queries.info(context, request, descriptor)

    @told
    def get_schema(self, context: Any, descriptor: flight.FlightDescriptor) -> flight.SchemaResult:
        """The schema of a descriptor's rows."""
        request = _request_of(descriptor)
        rows = self._metadata.rows(context, request)
        with waiting(context):
            return flight.SchemaResult(rows.schema if rows is not None else self._queries.schema(context, request))

    @told
    def do_get(self, context: Any, ticket: flight.Ticket) -> flight.FlightDataStream:
        """The rows of a ticket, as long as the client reads them."""
        request = _request(ticket.ticket)
        rows = self._metadata.rows(context, request)
        if rows is None:
            with waiting(context):
                return self._queries.stream(context, request)
        call_of(context).rows = len(rows)
        return flight.RecordBatchStream(rows)

    @told
    def do_put(self, context: Any, descriptor: flight.FlightDescriptor, reader: Any, writer: Any) -> None:
        """Rows for a table, or values for the parameters of a prepared statement."""
        with waiting(context):
            writer.write(pa.py_buffer(self._puts.answer(context, descriptor, reader)))

    @told
    def do_action(self, context: Any, action: flight.Action) -> Iterator[bytes]:
        """One of `list_actions`."""
        with waiting(context):
            return iter([self._actions.answer(context, action)])

    @told
    def list_actions(self, context: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        """What can be done beside asking and ingesting."""
        return self._actions.list()

    @told
    def do_exchange(self, context: Any, descriptor: Any, reader: Any, writer: Any) -> None:  # noqa: ARG002
        """Not part of Flight SQL."""
        raise Unsupported("this server has no DoExchange")

    def _table_info(self, context: Any, table: str) -> flight.FlightInfo:
        descriptor = flight.FlightDescriptor.for_path(table)
        return _info(self._metadata.schema_of(context, table), descriptor, whole(table).encode())


def _request_of(descriptor: flight.FlightDescriptor) -> Any:
    """What a descriptor asks for, as a command of Flight SQL."""
    if descriptor.command is not None:
        return _request(descriptor.command)
    return message("CommandStatementQuery", query=whole(by_path(descriptor.path).table))


def _request(data: bytes) -> Any:
    command = protocol.read(data)
    if command is not None:
        return command
    try:
        return message("CommandStatementQuery", query=data.decode())
    except UnicodeDecodeError:
        raise InvalidQuery("expected a command of Flight SQL, or SRCQL in UTF-8; found other bytes") from None


def _info(schema: pa.Schema, descriptor: flight.FlightDescriptor, ticket: bytes, rows: int = -1) -> flight.FlightInfo:
    return flight.FlightInfo(schema, descriptor, [flight.FlightEndpoint(ticket, [])], rows, -1)
