"""The RPCs of Flight, each delegated to the handlers of the command that it carries.

A descriptor or ticket holds a command of Flight SQL, SRCQL or SQL as UTF-8 text, or (a path) the name of a table.
The modules `queries`, `metadata`, `puts` and `actions` handle the commands and actions.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.flight as flight
from google.protobuf.message import Message

from flight_server import protocol, tls
from flight_server.actions import Actions
from flight_server.calls import MIDDLEWARE, Calls, as_status, call_of
from flight_server.ingest import request_of_path
from flight_server.metadata import Metadata
from flight_server.protocol import message
from flight_server.puts import Puts
from flight_server.queries import Queries
from flight_server.service import Service, cancellable_compilation, select_all
from srcql.errors import InvalidQuery, Unsupported
from srcql.schema import TABLES


class HandshakeHandler(flight.ServerAuthHandler):  # type: ignore[misc]
    """Enables the Handshake RPC, and does nothing else: the middleware authenticates each call by its headers."""

    def authenticate(self, outgoing: object, incoming: object) -> None:
        """Send nothing: the token travels in a header of the response."""

    def is_valid(self, token: bytes) -> str:  # noqa: ARG002
        """Return no peer name: the call has the identity."""
        return ""


class FlightServer(flight.FlightServerBase):  # type: ignore[misc]
    """The lakehouse as a Flight SQL service."""

    def __init__(self, service: Service, calls: Calls) -> None:
        self._queries = Queries(service)
        self._metadata = Metadata(service)
        self._puts = Puts(service)
        self._actions = Actions(service, self._queries)
        super().__init__(
            service.settings.listen,
            auth_handler=HandshakeHandler(),
            middleware={MIDDLEWARE: calls},
            **tls.server_options(service.settings),
        )

    @as_status
    def list_flights(
        self,
        context: flight.ServerCallContext,
        criteria: bytes,  # noqa: ARG002
    ) -> Iterator[flight.FlightInfo]:
        """Return the three tables."""
        return iter([self._table_info(context, name) for name in TABLES])

    @as_status
    def get_flight_info(
        self, context: flight.ServerCallContext, descriptor: flight.FlightDescriptor
    ) -> flight.FlightInfo:
        """Return the schema and the endpoints of a descriptor's rows."""
        command = _command_of(descriptor)
        rows = self._metadata.rows(context, command)
        if rows is not None:
            return _info(rows.schema, descriptor, descriptor.command, len(rows))
        with cancellable_compilation(context):
            return self._queries.info(context, command, descriptor)

    @as_status
    def get_schema(self, context: flight.ServerCallContext, descriptor: flight.FlightDescriptor) -> flight.SchemaResult:
        """Return the schema of a descriptor's rows."""
        command = _command_of(descriptor)
        rows = self._metadata.rows(context, command)
        with cancellable_compilation(context):
            return flight.SchemaResult(rows.schema if rows is not None else self._queries.schema(context, command))

    @as_status
    def do_get(self, context: flight.ServerCallContext, ticket: flight.Ticket) -> flight.FlightDataStream:
        """Return the stream of a ticket's rows."""
        command = _unpack_command(ticket.ticket)
        rows = self._metadata.rows(context, command)
        if rows is None:
            with cancellable_compilation(context):
                return self._queries.stream(context, command)
        call_of(context).rows = len(rows)
        return flight.RecordBatchStream(rows)

    @as_status
    def do_put(
        self,
        context: flight.ServerCallContext,
        descriptor: flight.FlightDescriptor,
        reader: flight.MetadataRecordBatchReader,
        writer: flight.FlightMetadataWriter,
    ) -> None:
        """Read rows for a table, or values for the parameters of a prepared statement."""
        with cancellable_compilation(context):
            writer.write(pa.py_buffer(self._puts.run(context, descriptor, reader)))

    @as_status
    def do_action(self, context: flight.ServerCallContext, action: flight.Action) -> Iterator[bytes]:
        """Run one of the actions of `list_actions`."""
        with cancellable_compilation(context):
            return iter([self._actions.run(context, action)])

    @as_status
    def list_actions(self, context: flight.ServerCallContext) -> list[tuple[str, str]]:  # noqa: ARG002
        """Return the names and descriptions of the supported actions."""
        return self._actions.descriptions()

    @as_status
    def do_exchange(
        self,
        context: flight.ServerCallContext,  # noqa: ARG002
        descriptor: flight.FlightDescriptor,  # noqa: ARG002
        reader: flight.MetadataRecordBatchReader,  # noqa: ARG002
        writer: flight.MetadataRecordBatchWriter,  # noqa: ARG002
    ) -> None:
        """Raise Unsupported: Flight SQL does not use DoExchange."""
        raise Unsupported("DoExchange is not supported", hint="use DoGet for rows, DoPut for ingestion")

    def _table_info(self, context: flight.ServerCallContext, table: str) -> flight.FlightInfo:
        descriptor = flight.FlightDescriptor.for_path(table)
        return _info(self._metadata.schema_of(context, table), descriptor, select_all(table).encode())


def _command_of(descriptor: flight.FlightDescriptor) -> Message:
    """Return the command of a descriptor; a path becomes the query for all rows of its table."""
    if descriptor.command is not None:
        return _unpack_command(descriptor.command)
    return message("CommandStatementQuery", query=select_all(request_of_path(descriptor.path).table))


def _unpack_command(data: bytes) -> Message:
    command = protocol.unpack(data)
    if command is not None:
        return command
    try:
        return message("CommandStatementQuery", query=data.decode())
    except UnicodeDecodeError:
        raise InvalidQuery("expected a command of Flight SQL, or SRCQL in UTF-8, found other bytes") from None


def _info(schema: pa.Schema, descriptor: flight.FlightDescriptor, ticket: bytes, rows: int = -1) -> flight.FlightInfo:
    return flight.FlightInfo(schema, descriptor, [flight.FlightEndpoint(ticket, [])], rows, -1)
