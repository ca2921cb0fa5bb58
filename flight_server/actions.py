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
from flight_server.results import sent_as
from flight_server.service import Service, handler
from flight_server.several import parameters_of
from flight_server.statements import Asked
from srcql.errors import Cancelled, InvalidQuery, Unsupported

CANCELLED, CANCELLING, NOT_CANCELLABLE = 1, 2, 3
COMMIT, ROLLBACK = 1, 2
SESSION_CLOSED = 1
INVALID_OPTION = 1


class Actions:
    """The actions of Flight, of Flight SQL, and one of ours."""

    def __init__(self, service: Service) -> None:
        self._service = service

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
        statement = self._service.prepare(context, request.query, request.transaction_id)
        result = message(
            "ActionCreatePreparedStatementResult",
            prepared_statement_handle=self._service.statements(context).add(Asked(statement)),
            dataset_schema=sent_as(statement.schema).serialize().to_pybytes(),
            parameter_schema=sent_as(parameters_of(statement)).serialize().to_pybytes(),
            is_update=False,
        )
        return protocol.pack(result)

    def _close_prepared(self, context: Any, body: bytes) -> bytes:
        request = protocol.expect("ActionClosePreparedStatementRequest", body)
        self._service.statements(context).drop(request.prepared_statement_handle)
        return b""

    def _begin(self, context: Any, body: bytes) -> bytes:  # noqa: ARG002
        protocol.expect("ActionBeginTransactionRequest", body)
        return protocol.pack(message("ActionBeginTransactionResult", transaction_id=self._service.transactions.begin()))

    def _end(self, context: Any, body: bytes) -> bytes:  # noqa: ARG002
        request = protocol.expect("ActionEndTransactionRequest", body)
        if request.action not in (COMMIT, ROLLBACK):
            raise InvalidQuery("a transaction ends with COMMIT (1) or ROLLBACK (2)")
        self._service.transactions.end(request.transaction_id)
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
        handles = {ticket.statement_handle for ticket in tickets if hasattr(ticket, "statement_handle")}
        known = [handle for handle in handles if self._service.statements(context).drop(handle)]
        owned = {(call_of(context).identity, handle) for handle in handles}
        running = self._service.watchdog.stop(Cancelled("the statement was cancelled"), owned)
        return CANCELLING if running else CANCELLED if known else NOT_CANCELLABLE

    def _set_options(self, context: Any, body: bytes) -> bytes:  # noqa: ARG002
        options = protocol.parse("SetSessionOptionsRequest", body).session_options
        errors = [{"key": option.key, "value": {"value": INVALID_OPTION}} for option in options]
        return bytes(message("SetSessionOptionsResult", errors=errors).SerializeToString())

    def _get_options(self, context: Any, body: bytes) -> bytes:  # noqa: ARG002
        return b""

    def _close_session(self, context: Any, body: bytes) -> bytes:  # noqa: ARG002
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
        "SetSessionOptions": (_set_options, "there are no options yet: each is answered as invalid"),
        "GetSessionOptions": (_get_options, "there are no options yet"),
        "CloseSession": (_close_session, "nothing is kept for a session yet"),
        "srcql.status": (_status, "what the warehouse holds of what is granted, as JSON"),
    }
    UNSUPPORTED: ClassVar[dict[str, Callable[..., bytes]]] = {
        "BeginSavepoint": _no_savepoints,
        "EndSavepoint": _no_savepoints,
        "CreatePreparedSubstraitPlan": _no_substrait,
    }
