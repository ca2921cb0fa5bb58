"""DoAction: prepared statements, transactions, cancellation, sessions and the status of the lakehouse."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import ClassVar

import pyarrow as pa
import pyarrow.flight as flight

from flight_server import protocol
from flight_server.calls import call_of
from flight_server.protocol import message
from flight_server.queries import Queries
from flight_server.results import wire_schema
from flight_server.service import Service, find_handler
from flight_server.state.options import to_messages
from flight_server.state.statements import PreparedStatement
from flight_server.state.tickets import unpack_ticket
from srcql.errors import Cancelled, InvalidQuery, Unsupported

CANCELLED, CANCELLING, NOT_CANCELLABLE = 1, 2, 3
COMMIT, ROLLBACK = 1, 2
SESSION_CLOSED = 1


class Actions:
    """Handlers of the actions of Flight and Flight SQL, and of `srcql.status`."""

    def __init__(self, service: Service, queries: Queries) -> None:
        self._service = service
        self._queries = queries

    def run(self, context: flight.ServerCallContext, action: flight.Action) -> bytes:
        """Run an action and return the body of its result."""
        supported = {name: handler for name, (handler, _) in self.ACTIONS.items()}
        handler = self.UNSUPPORTED.get(action.type) or find_handler(supported, action.type, "an action")
        return handler(self, context, action.body.to_pybytes())

    def descriptions(self) -> list[tuple[str, str]]:
        """Return the names and descriptions of the supported actions."""
        return [(name, doc) for name, (_, doc) in self.ACTIONS.items()]

    def _create_prepared_statement(self, context: flight.ServerCallContext, body: bytes) -> bytes:
        request = protocol.unpack_as("ActionCreatePreparedStatementRequest", body)
        self._service.transactions(context).check(request.transaction_id)
        options = self._service.options(context)
        statement = self._service.engines.prepare(self._service.query(context, request.query, options))
        result = message(
            "ActionCreatePreparedStatementResult",
            prepared_statement_handle=self._service.statements(context).add(PreparedStatement(request.query)),
            dataset_schema=_serialize_schema(wire_schema(statement.schema, options.string_views)),
            parameter_schema=statement.parameter_schema.serialize().to_pybytes(),
            is_update=False,
        )
        return protocol.pack(result)

    def _close_prepared_statement(self, context: flight.ServerCallContext, body: bytes) -> bytes:
        request = protocol.unpack_as("ActionClosePreparedStatementRequest", body)
        self._service.statements(context).remove(request.prepared_statement_handle)
        return b""

    def _begin_transaction(self, context: flight.ServerCallContext, body: bytes) -> bytes:
        protocol.unpack_as("ActionBeginTransactionRequest", body)
        transaction = self._service.transactions(context).begin()
        return protocol.pack(message("ActionBeginTransactionResult", transaction_id=transaction))

    def _end_transaction(self, context: flight.ServerCallContext, body: bytes) -> bytes:
        request = protocol.unpack_as("ActionEndTransactionRequest", body)
        if request.action not in (COMMIT, ROLLBACK):
            raise InvalidQuery(f"expected COMMIT (1) or ROLLBACK (2), found {request.action}")
        self._service.transactions(context).end(request.transaction_id)
        return b""

    def _reject_savepoint(self, _: flight.ServerCallContext, __: bytes) -> bytes:
        hint = "leave out savepoints; statements do not write"
        raise Unsupported("savepoints are not supported", hint=hint)

    def _reject_substrait(self, _: flight.ServerCallContext, __: bytes) -> bytes:
        raise Unsupported("Substrait plans are not supported", hint="send SRCQL or SQL")

    def _cancel_flight_info(self, context: flight.ServerCallContext, body: bytes) -> bytes:
        status = self._cancel(context, protocol.parse("CancelFlightInfoRequest", body).info)
        return _serialize("CancelFlightInfoResult", status=status)

    def _cancel_query(self, context: flight.ServerCallContext, body: bytes) -> bytes:
        status = self._cancel(context, protocol.unpack_as("ActionCancelQueryRequest", body).info)
        return protocol.pack(message("ActionCancelQueryResult", result=status))

    def _cancel(self, context: flight.ServerCallContext, serialized_info: bytes) -> int:
        """Cancel the tickets of a FlightInfo and stop their statements; return the status."""
        identity = call_of(context).identity
        ticket_ids = _ticket_ids(serialized_info)
        is_new = [self._service.cancelled.add(identity, ticket_id) for ticket_id in ticket_ids]
        handles = {(identity, ticket_id) for ticket_id in ticket_ids}
        stopped = self._service.watchdog.stop(Cancelled("the statement was cancelled"), handles)
        return CANCELLING if stopped else CANCELLED if any(is_new) else NOT_CANCELLABLE

    def _renew_endpoint(self, context: flight.ServerCallContext, body: bytes) -> bytes:
        try:
            endpoint = flight.FlightEndpoint.deserialize(protocol.parse("RenewFlightEndpointRequest", body).endpoint)
        except pa.ArrowException:
            raise InvalidQuery("expected a FlightEndpoint in the body") from None
        return bytes(self._queries.renew(context, endpoint).serialize())

    def _set_session_options(self, context: flight.ServerCallContext, body: bytes) -> bytes:
        changes = protocol.parse("SetSessionOptionsRequest", body).session_options
        codes = self._service.sessions.set(context, call_of(context), changes)
        errors = [{"key": key, "value": {"value": code}} for key, code in codes.items()]
        return _serialize("SetSessionOptionsResult", errors=errors)

    def _get_session_options(self, context: flight.ServerCallContext, body: bytes) -> bytes:
        protocol.parse("GetSessionOptionsRequest", body)
        return _serialize("GetSessionOptionsResult", session_options=to_messages(self._service.options(context)))

    def _close_session(self, context: flight.ServerCallContext, body: bytes) -> bytes:
        protocol.parse("CloseSessionRequest", body)
        self._service.sessions.close(call_of(context))
        return _serialize("CloseSessionResult", status=SESSION_CLOSED)

    def _status(self, context: flight.ServerCallContext, _: bytes) -> bytes:
        return json.dumps(asdict(self._service.snapshot(context).status())).encode()

    ACTIONS: ClassVar[dict[str, tuple[Callable[..., bytes], str]]] = {
        "CreatePreparedStatement": (_create_prepared_statement, "prepare a statement, with ? for its parameters"),
        "ClosePreparedStatement": (_close_prepared_statement, "close a prepared statement"),
        "BeginTransaction": (_begin_transaction, "begin a transaction; each of its statements reads the latest commit"),
        "EndTransaction": (_end_transaction, "end a transaction; COMMIT and ROLLBACK have the same effect"),
        "CancelFlightInfo": (_cancel_flight_info, "stop a statement and cancel its tickets"),
        "CancelQuery": (_cancel_query, "the former name of CancelFlightInfo"),
        "RenewFlightEndpoint": (_renew_endpoint, "extend the expiry of an endpoint"),
        "SetSessionOptions": (_set_session_options, "catalog, schema, timeout, equality, string_views, compression"),
        "GetSessionOptions": (_get_session_options, "the options of the session"),
        "CloseSession": (_close_session, "close the session, which restores the default options"),
        "srcql.status": (_status, "the content of the lakehouse within the caller's grants, as JSON"),
    }
    UNSUPPORTED: ClassVar[dict[str, Callable[..., bytes]]] = {
        "BeginSavepoint": _reject_savepoint,
        "EndSavepoint": _reject_savepoint,
        "CreatePreparedSubstraitPlan": _reject_substrait,
    }


def _ticket_ids(serialized_info: bytes) -> set[bytes]:
    try:
        info = flight.FlightInfo.deserialize(serialized_info)
    except pa.ArrowException:
        raise InvalidQuery("expected a FlightInfo in the body") from None
    commands = [protocol.unpack(endpoint.ticket.ticket) for endpoint in info.endpoints]
    return {unpack_ticket(command).id for command in commands if hasattr(command, "statement_handle")}


def _serialize(name: str, **fields: object) -> bytes:
    return bytes(message(name, **fields).SerializeToString())


def _serialize_schema(schema: pa.Schema) -> bytes:
    """Return a schema as a message; nothing if it has no fields, which is how Flight SQL says that it is unknown."""
    return bytes(schema.serialize().to_pybytes()) if schema.names else b""
