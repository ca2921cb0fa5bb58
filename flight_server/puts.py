"""What clients bring: rows for the tables, and values for the parameters of prepared statements."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.flight as flight

from flight_server import protocol
from flight_server.calls import call_of
from flight_server.ingest import BATCH_ID, Load, by_command, by_path, by_statement, ingest, reading
from flight_server.protocol import message
from flight_server.service import Service, handler
from flight_server.several import few
from srcql.errors import InvalidQuery
from srcql.receipt import Receipt


class Puts:
    """The commands that come with a stream of batches."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def answer(self, context: Any, descriptor: flight.FlightDescriptor, reader: Any) -> bytes:
        """Take what is put; what its client is told."""
        command = protocol.read(descriptor.command) if descriptor.command is not None else None
        if command is None:
            load = by_path(descriptor.path) if descriptor.command is None else by_command(descriptor.command)
            return json.dumps(asdict(self._load(context, load, reader))).encode()
        put = handler(self.COMMANDS, protocol.name_of(command), "DoPut")
        return bytes(put(self, context, command, reader).SerializeToString())

    def _load(self, context: Any, load: Load, reader: Any) -> Receipt:
        call = call_of(context)
        with reading():
            schema = reader.schema
        identified = load.identified(call.header(BATCH_ID), schema)
        batches = call.counted(chunk.data for chunk in reader if chunk.data is not None)
        return ingest(self._service.engine.warehouse, identified, schema, batches, context.is_cancelled, call.identity)

    def _ingest(self, context: Any, command: Any, reader: Any) -> Any:
        receipt = self._load(context, by_statement(command), reader)
        return message("DoPutUpdateResult", record_count=receipt.rows)

    def _values(self, context: Any, command: Any, reader: Any) -> Any:
        handle = command.prepared_statement_handle
        self._service.statements(context).get(handle)
        with reading():
            batches = list(few(chunk.data for chunk in reader if chunk.data is not None))
            values = pa.concat_batches(batches) if batches else pa.RecordBatch.from_pylist([], reader.schema)
        self._service.statements(context).bind(handle, values)
        return message("DoPutPreparedStatementResult", prepared_statement_handle=handle)

    def _update(self, context: Any, command: Any, reader: Any) -> Any:  # noqa: ARG002
        self._service.transactions(context).check(command.transaction_id)
        self._service.prepare(context, command.query)
        raise _returns_rows()

    def _prepared_update(self, context: Any, command: Any, reader: Any) -> Any:  # noqa: ARG002
        self._service.statements(context).get(command.prepared_statement_handle)
        raise _returns_rows()

    COMMANDS: ClassVar[dict[str, Callable[..., Any]]] = {
        "CommandStatementIngest": _ingest,
        "CommandPreparedStatementQuery": _values,
        "CommandStatementUpdate": _update,
        "CommandPreparedStatementUpdate": _prepared_update,
    }


def _returns_rows() -> InvalidQuery:
    return InvalidQuery("the statement returns rows, it updates none", hint="execute it as a query")
