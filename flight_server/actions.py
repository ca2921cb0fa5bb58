"""What can be done beside asking and bringing: `list_actions`."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.flight as flight

from flight_server import protocol
from flight_server.calls import call_of
from flight_server.protocol import message
from flight_server.queries import Queries
from flight_server.results import sent_as
from flight_server.service import Service, handler
from flight_server.state.options import told
from flight_server.state.statements import Asked
from flight_server.state.tickets import unpack
from srcql.errors import Cancelled, InvalidQuery, Unsupported

CANCELLED, CANCELLING, NOT_CANCELLABLE = 1, 2, 3
COMMIT, ROLLBACK = 1, 2
SESSION_CLOSED = 1


class Actions:
    """The actions of Flight, of Flight SQL, and one of ours."""

    def __init__(self, service: Service, queries: Queries) -> None:
        self._service = service
        self._queries = queries

    def answer(self, context: Any, action: flight.Action) -> bytes:
        """Do what an action asks for."""
        served = {name: act for name, (act, _) in self.ACTIONS.items()}
        act = self.UNSUPPORTED.get(action.type) or handler(served, action.type, "DoAction")
        return act(self, context, action.body.to_pybytes())

    def list(self) -> list[tuple[str, str]]:
        """The actions that are served, and what each does."""
        return [(name, doc) for name, (_, doc) in self.ACTIONS.items()]

    def _create_prepared(self, context: Any, body: bytes) -> bytes:
        request = protocol.expect("ActionCreatePreparedStatementRequest", body)
        self._service.transactions(context).check(request.transaction_id)
        options = self._service.options(context)
        statement = self._service.prepare(context, request.query, options)
        result = message(
            "ActionCreatePreparedStatementResult",
            prepared_statement_handle=self._service.statements(context).add(Asked(request.query)),
            dataset_schema=sent_as(statement.schema, options.string_views).serialize().to_pybytes(),
            parameter_schema=sent_as(statement.parameter_schema()).serialize().to_pybytes(),
            is_update=False,
        )
        return protocol.pack(result)

    def _close_prepared(self, context: Any, body: bytes) -> bytes:
        request = protocol.expect("ActionClosePreparedStatementRequest", body)
        self._service.statements(context).drop(request.prepared_statement_handle)
        return b""

    def _begin(self, context: Any, body: bytes) -> bytes:
        protocol.expect("ActionBeginTransactionRequest", body)
        begun = self._service.transactions(context).begin()
        return protocol.pack(message("ActionBeginTransactionResult", transaction_id=begun))

    def _end(self, context: Any, body: bytes) -> bytes:
        request = protocol.expect("ActionEndTransactionRequest", body)
        if request.action not in (COMMIT, ROLLBACK):
            raise InvalidQuery("a transaction ends with COMMIT (1) or ROLLBACK (2)")
        self._service.transactions(context).end(request.transaction_id)
        return b""

    def _no_savepoints(self, context: Any, body: bytes) -> bytes:  # noqa: ARG002
        raise Unsupported("there are no savepoints", hint="statements do not write: there is nothing to go back to")

    def _no_substrait(self, context: Any, body: bytes) -> bytes:  # noqa: ARG002
        raise Unsupported("Substrait plans are not served", hint="send SRCQL or SQL")

    def _cancel_info(self, context: Any, body: bytes) -> bytes:
        """Stop what runs under the tickets of a FlightInfo, and forget them."""
        status = self._cancel(context, protocol.parse("CancelFlightInfoRequest", body).info)
        return bytes(message("CancelFlightInfoResult", status=status).SerializeToString())

    def _cancel_query(self, context: Any, body: bytes) -> bytes:
        """The same by the name that it had before."""
        status = self._cancel(context, protocol.expect("ActionCancelQueryRequest", body).info)
        return protocol.pack(message("ActionCancelQueryResult", result=status))

    def _cancel(self, context: Any, serialized: bytes) -> int:
        try:
            info = flight.FlightInfo.deserialize(serialized)
        except pa.ArrowException:
            raise InvalidQuery("the body should hold a FlightInfo") from None
        tickets: list[Any] = [protocol.read(endpoint.ticket.ticket) for endpoint in info.endpoints]
        ids = {unpack(ticket).id for ticket in tickets if hasattr(ticket, "statement_handle")}
        owned = {(call_of(context).identity, identifier) for identifier in ids}
        new = [one for one in owned if self._service.cancelled.add(one)]
        running = self._service.watchdog.stop(Cancelled("the statement was cancelled"), owned)
        return CANCELLING if running else CANCELLED if new else NOT_CANCELLABLE

    def _renew(self, context: Any, body: bytes) -> bytes:
        try:
            endpoint = flight.FlightEndpoint.deserialize(protocol.parse("RenewFlightEndpointRequest", body).endpoint)
        except pa.ArrowException:
            raise InvalidQuery("the body should hold a FlightEndpoint") from None
        return bytes(self._queries.renew(context, endpoint).serialize())

    def _set_options(self, context: Any, body: bytes) -> bytes:
        given = protocol.parse("SetSessionOptionsRequest", body).session_options
        wrong = self._service.sessions.set(context, call_of(context), given)
        errors = [{"key": key, "value": {"value": reason}} for key, reason in wrong.items()]
        return bytes(message("SetSessionOptionsResult", errors=errors).SerializeToString())

    def _get_options(self, context: Any, body: bytes) -> bytes:
        protocol.parse("GetSessionOptionsRequest", body)
        options = told(self._service.options(context))
        return bytes(message("GetSessionOptionsResult", session_options=options).SerializeToString())

    def _close_session(self, context: Any, body: bytes) -> bytes:
        protocol.parse("CloseSessionRequest", body)
        self._service.sessions.close(call_of(context))
        return bytes(message("CloseSessionResult", status=SESSION_CLOSED).SerializeToString())

    def _status(self, context: Any, body: bytes) -> bytes:  # noqa: ARG002
        return json.dumps(asdict(self._service.snapshot(context).status())).encode()

    ACTIONS: ClassVar[dict[str, tuple[Callable[..., bytes], str]]] = {
        "CreatePreparedStatement": (_create_prepared, "prepare a statement, with ? for its parameters"),
        "ClosePreparedStatement": (_close_prepared, "forget a prepared statement"),
        "BeginTransaction": (_begin, "begin a transaction: each of its statements reads what is committed by then"),
        "EndTransaction": (_end, "end a transaction; statements do not write, so both ways are one"),
        "CancelFlightInfo": (_cancel_info, "stop a statement and forget its tickets"),
        "CancelQuery": (_cancel_query, "the same, as it was called before"),
        "RenewFlightEndpoint": (_renew, "let an endpoint last longer"),
        "SetSessionOptions": (_set_options, "catalog, schema, timeout, equality, string_views, compression"),
        "GetSessionOptions": (_get_options, "the options of the session, or the defaults"),
        "CloseSession": (_close_session, "forget the options of the session"),
        "srcql.status": (_status, "what the warehouse holds of what is granted, as JSON"),
    }
    UNSUPPORTED: ClassVar[dict[str, Callable[..., bytes]]] = {
        "BeginSavepoint": _no_savepoints,
        "EndSavepoint": _no_savepoints,
        "CreatePreparedSubstraitPlan": _no_substrait,
    }
