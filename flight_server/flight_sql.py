"""One short method for each command of Flight SQL, and for plain Flight; what is done stands in the modules below.

A descriptor or a ticket holds a command of Flight SQL, or SRCQL as UTF-8 text, or (a path) the name of a table.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from threading import BoundedSemaphore
from typing import Any, ClassVar, TypeVar

import pyarrow as pa
import pyarrow.flight as flight

from flight_server import catalog_metadata, protocol
from flight_server.calls import NAME, Calls, call_of, shutting_down, told
from flight_server.ingest import BATCH_ID, Load, by_command, by_path, by_statement, ingest, reading
from flight_server.protocol import message
from flight_server.results import sent_as, watched
from flight_server.settings import Settings
from flight_server.sql_info import infos
from flight_server.statements import NOBODY, Asked, Statements
from flight_server.watchdog import Watch, Watchdog
from lakehouse.engine import Engine, Prepared
from lakehouse.warehouse import Receipt
from srcql.errors import Cancelled, InvalidQuery, Unavailable, Unsupported
from srcql.schema import TABLES

Item = TypeVar("Item")
CANCELLED, CANCELLING, NOT_CANCELLABLE = 1, 2, 3
SESSION_CLOSED = 1
INVALID_OPTION = 1


class NoHandshake(flight.ServerAuthHandler):  # type: ignore[misc]
    """Lets everybody in: without a handler, clients that send a user's name could not connect at all."""

    def authenticate(self, outgoing: Any, incoming: Any) -> None:
        """Nothing to say: the token travels in a header of the answer."""

    def is_valid(self, token: bytes) -> str:  # noqa: ARG002
        """Nobody is anybody yet."""
        return ""


class FlightServer(flight.FlightServerBase):  # type: ignore[misc]
    """The lakehouse as a Flight SQL service."""

    def __init__(self, settings: Settings, engine: Engine, calls: Calls, watchdog: Watchdog) -> None:
        self._settings = settings
        self._engine = engine
        self._calls = calls
        self._watchdog = watchdog
        self._statements = Statements(settings.handles, settings.handle_ttl)
        self._slots = BoundedSemaphore(settings.statements)
        super().__init__(settings.listen, auth_handler=NoHandshake(), middleware={NAME: calls})

    # Flight's methods

    @told
    def list_flights(self, context: Any, criteria: bytes) -> Iterator[flight.FlightInfo]:  # noqa: ARG002
        """The three tables."""
        return iter([self._table_info(name) for name in TABLES])

    @told
    def get_flight_info(self, context: Any, descriptor: flight.FlightDescriptor) -> flight.FlightInfo:  # noqa: ARG002
        """Where the rows of a descriptor are to be fetched, and their schema."""
        request = _request_of(descriptor)
        rows = self._metadata(request)
        if rows is not None:
            return _info(rows.schema, descriptor, descriptor.command, len(rows))
        asked = self._asked(request)
        handle = self._statements.add(asked, parent=getattr(request, "prepared_statement_handle", NOBODY))
        ticket = protocol.pack(message("TicketStatementQuery", statement_handle=handle))
        expires = datetime.now(UTC) + timedelta(seconds=self._settings.handle_ttl)
        return _info(asked.schema, descriptor, ticket, expires=expires)

    @told
    def get_schema(self, context: Any, descriptor: flight.FlightDescriptor) -> flight.SchemaResult:  # noqa: ARG002
        """The schema of a descriptor's rows."""
        request = _request_of(descriptor)
        rows = self._metadata(request)
        return flight.SchemaResult(rows.schema if rows is not None else self._asked(request).schema)

    @told
    def do_get(self, context: Any, ticket: flight.Ticket) -> flight.FlightDataStream:
        """The rows of a ticket, as long as the client reads them."""
        request = _request(ticket.ticket)
        rows = self._metadata(request)
        if rows is not None:
            call_of(context).rows = len(rows)
            return flight.RecordBatchStream(rows)
        return self._stream(context, self._asked(request), getattr(request, "statement_handle", None))

    @told
    def do_put(self, context: Any, descriptor: flight.FlightDescriptor, reader: Any, writer: Any) -> None:
        """Rows for a table, or values for the parameters of a prepared statement."""
        command = protocol.read(descriptor.command) if descriptor.command is not None else None
        if command is None:
            load = by_path(descriptor.path) if descriptor.command is None else by_command(descriptor.command)
            answer = json.dumps(asdict(self._load(context, load, reader))).encode()
        else:
            put = _handler(self.PUTS, protocol.name_of(command), "DoPut")
            answer = put(self, context, command, reader).SerializeToString()
        writer.write(pa.py_buffer(answer))

    @told
    def do_action(self, context: Any, action: flight.Action) -> Iterator[bytes]:  # noqa: ARG002
        """One of `list_actions`."""
        act, _ = _handler(self.ACTIONS, action.type, "DoAction")
        return iter([act(self, action.body.to_pybytes())])

    @told
    def list_actions(self, context: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        """What can be done beside asking and ingesting."""
        return [(name, doc) for name, (_, doc) in self.ACTIONS.items()]

    @told
    def do_exchange(self, context: Any, descriptor: Any, reader: Any, writer: Any) -> None:  # noqa: ARG002
        """Not part of Flight SQL."""
        raise Unsupported("this server has no DoExchange")

    # Statements

    def _prepare(self, text: str) -> Prepared:
        if self._calls.draining:
            raise shutting_down()
        return self._engine.prepare(text)

    def _asked(self, request: Any) -> Asked:
        ask = _handler(self.STATEMENTS, protocol.name_of(request), "a query")
        return ask(self, request)

    def _query(self, command: Any) -> Asked:
        return Asked(self._prepare(command.query))

    def _prepared(self, command: Any) -> Asked:
        """A prepared statement reads what is in the store when it is executed, not when it was prepared."""
        asked = self._statements.get(command.prepared_statement_handle)
        if asked.statement.snapshot is self._engine.planner.snapshot():
            return asked
        return Asked(self._prepare(asked.statement.text), asked.values)

    def _announced(self, ticket: Any) -> Asked:
        return self._statements.get(ticket.statement_handle)

    def _stream(self, context: Any, asked: Asked, handle: bytes | None) -> flight.GeneratorStream:
        call = call_of(context)
        if not self._slots.acquire(blocking=False):
            raise Unavailable(f"{self._settings.statements} statements are running", hint="ask again in a moment")
        call.resources.callback(self._slots.release)
        result = call.resources.enter_context(asked.statement.execute(asked.values))
        watch = Watch(context.is_cancelled, handle, self._settings.statement_timeout, result.interrupt)
        self._watchdog.watch(watch)
        call.resources.callback(self._watchdog.forget, watch)
        return flight.GeneratorStream(sent_as(result.schema), call.told_each(call.counted(watched(result, watch))))

    STATEMENTS: ClassVar[dict[str, Callable[..., Asked]]] = {
        "CommandStatementQuery": _query,
        "CommandPreparedStatementQuery": _prepared,
        "TicketStatementQuery": _announced,
    }

    # Metadata

    def _metadata(self, request: Any) -> pa.Table | None:
        answer = self.METADATA.get(protocol.name_of(request))
        return answer(self, request) if answer else None

    def _tables(self, command: Any) -> pa.Table:
        return catalog_metadata.tables(
            _given(command, "catalog"),
            _given(command, "db_schema_filter_pattern"),
            _given(command, "table_name_filter_pattern"),
            command.table_types,
            self._schema_of if command.include_schema else None,
        )

    def _schema_of(self, table: str) -> pa.Schema:
        return self._prepare(_whole(table)).schema

    def _table_info(self, table: str) -> flight.FlightInfo:
        return _info(self._schema_of(table), flight.FlightDescriptor.for_path(table), _whole(table).encode())

    METADATA: ClassVar[dict[str, Callable[..., pa.Table]]] = {
        "CommandGetSqlInfo": lambda _, command: infos(command.info),
        "CommandGetCatalogs": lambda _, __: catalog_metadata.catalogs(),
        "CommandGetDbSchemas": lambda _, command: catalog_metadata.db_schemas(
            _given(command, "catalog"), _given(command, "db_schema_filter_pattern")
        ),
        "CommandGetTables": _tables,
        "CommandGetTableTypes": lambda _, __: catalog_metadata.table_types(),
    }

    # Puts

    def _load(self, context: Any, load: Load, reader: Any) -> Receipt:
        call = call_of(context)
        with reading():
            schema = reader.schema
        identified = load.identified(call.header(BATCH_ID), schema)
        batches = call.counted(chunk.data for chunk in reader if chunk.data is not None)
        return ingest(self._engine.warehouse, identified, schema, batches, context.is_cancelled)

    def _put_ingest(self, context: Any, command: Any, reader: Any) -> Any:
        receipt = self._load(context, by_statement(command), reader)
        return message("DoPutUpdateResult", record_count=receipt.rows)

    def _put_values(self, context: Any, command: Any, reader: Any) -> Any:  # noqa: ARG002
        with reading():
            rows = reader.read_all()
        if len(rows) != 1:
            raise InvalidQuery(f"a query takes one row of values for its parameters; {len(rows)} came")
        handle = command.prepared_statement_handle
        self._statements.bind(handle, tuple(column[0].as_py() for column in rows.columns))
        return message("DoPutPreparedStatementResult", prepared_statement_handle=handle)

    def _put_update(self, context: Any, command: Any, reader: Any) -> Any:  # noqa: ARG002
        self._prepare(command.query)
        raise _returns_rows()

    def _put_prepared_update(self, context: Any, command: Any, reader: Any) -> Any:  # noqa: ARG002
        self._statements.get(command.prepared_statement_handle)
        raise _returns_rows()

    PUTS: ClassVar[dict[str, Callable[..., Any]]] = {
        "CommandStatementIngest": _put_ingest,
        "CommandPreparedStatementQuery": _put_values,
        "CommandStatementUpdate": _put_update,
        "CommandPreparedStatementUpdate": _put_prepared_update,
    }

    # Actions

    def _create_prepared(self, body: bytes) -> bytes:
        statement = self._prepare(protocol.expect("ActionCreatePreparedStatementRequest", body).query)
        values = pa.schema([pa.field(f"${number + 1}", pa.string()) for number in range(statement.parameters)])
        result = message(
            "ActionCreatePreparedStatementResult",
            prepared_statement_handle=self._statements.add(Asked(statement)),
            dataset_schema=sent_as(statement.schema).serialize().to_pybytes(),
            parameter_schema=values.serialize().to_pybytes(),
            is_update=False,
        )
        return protocol.pack(result)

    def _close_prepared(self, body: bytes) -> bytes:
        request = protocol.expect("ActionClosePreparedStatementRequest", body)
        self._statements.drop(request.prepared_statement_handle)
        return b""

    def _cancel(self, body: bytes) -> bytes:
        """Stop what runs under the tickets of a FlightInfo, and forget them."""
        try:
            info = flight.FlightInfo.deserialize(protocol.parse("CancelFlightInfoRequest", body).info)
        except pa.ArrowException:
            raise InvalidQuery("the body should hold a FlightInfo") from None
        tickets: list[Any] = [protocol.read(endpoint.ticket.ticket) for endpoint in info.endpoints]
        handles = {ticket.statement_handle for ticket in tickets if hasattr(ticket, "statement_handle")}
        known = [handle for handle in handles if self._statements.drop(handle)]
        running = self._watchdog.stop(Cancelled("the statement was cancelled"), handles)
        status = CANCELLING if running else CANCELLED if known else NOT_CANCELLABLE
        return bytes(message("CancelFlightInfoResult", status=status).SerializeToString())

    def _set_options(self, body: bytes) -> bytes:
        options = protocol.parse("SetSessionOptionsRequest", body).session_options
        errors = [{"key": option.key, "value": {"value": INVALID_OPTION}} for option in options]
        return bytes(message("SetSessionOptionsResult", errors=errors).SerializeToString())

    def _get_options(self, body: bytes) -> bytes:  # noqa: ARG002
        return b""

    def _close_session(self, body: bytes) -> bytes:  # noqa: ARG002
        return bytes(message("CloseSessionResult", status=SESSION_CLOSED).SerializeToString())

    def _status(self, body: bytes) -> bytes:  # noqa: ARG002
        return json.dumps(asdict(self._engine.planner.snapshot().status())).encode()

    ACTIONS: ClassVar[dict[str, tuple[Callable[..., bytes], str]]] = {
        "CreatePreparedStatement": (_create_prepared, "prepare a statement, with ? for its parameters"),
        "ClosePreparedStatement": (_close_prepared, "forget a prepared statement and its results"),
        "CancelFlightInfo": (_cancel, "stop a statement and forget its ticket"),
        "SetSessionOptions": (_set_options, "there are no options yet: each is answered as invalid"),
        "GetSessionOptions": (_get_options, "there are no options yet"),
        "CloseSession": (_close_session, "nothing is kept for a session yet"),
        "srcql.status": (_status, "what the warehouse holds, as JSON"),
    }


def _request_of(descriptor: flight.FlightDescriptor) -> Any:
    """What a descriptor asks for, as a command of Flight SQL."""
    if descriptor.command is not None:
        return _request(descriptor.command)
    return message("CommandStatementQuery", query=_whole(by_path(descriptor.path).table))


def _request(data: bytes) -> Any:
    command = protocol.read(data)
    if command is not None:
        return command
    try:
        return message("CommandStatementQuery", query=data.decode())
    except UnicodeDecodeError:
        raise InvalidQuery("expected a command of Flight SQL, or SRCQL in UTF-8; found other bytes") from None


def _handler(handlers: dict[str, Item], name: str, door: str) -> Item:
    if name not in handlers:
        raise Unsupported(f"{name} is not served as {door}", hint=f"served: {', '.join(handlers)}")
    return handlers[name]


def _given(command: Any, field: str) -> str | None:
    return getattr(command, field) if command.HasField(field) else None


def _whole(table: str) -> str:
    return f"SELECT * FROM {table}"


def _returns_rows() -> InvalidQuery:
    return InvalidQuery("the statement returns rows, it updates none", hint="execute it as a query")


def _info(
    schema: pa.Schema,
    descriptor: flight.FlightDescriptor,
    ticket: bytes,
    rows: int = -1,
    expires: datetime | None = None,
) -> flight.FlightInfo:
    expiration = None if expires is None else pa.scalar(expires, pa.timestamp("ns", "UTC"))
    return flight.FlightInfo(schema, descriptor, [flight.FlightEndpoint(ticket, [], expiration)], rows, -1)
