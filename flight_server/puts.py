"""DoPut: rows for the tables, and values for the parameters of prepared statements."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import ClassVar

import pyarrow as pa
import pyarrow.flight as flight
from google.protobuf.message import Message

from flight_server import protocol
from flight_server.calls import call_of
from flight_server.ingest import (
    BATCH_ID,
    IngestRequest,
    ingest,
    request_of_json,
    request_of_message,
    request_of_path,
    translate_stream_errors,
)
from flight_server.parameter_values import checked_values
from flight_server.protocol import message
from flight_server.service import Service, find_handler
from srcql.errors import InvalidQuery
from srcql.receipt import Receipt


class Puts:
    """Handlers of the commands that come with a stream of batches."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def run(
        self,
        context: flight.ServerCallContext,
        descriptor: flight.FlightDescriptor,
        reader: flight.MetadataRecordBatchReader,
    ) -> bytes:
        """Read a stream and return the metadata for its client: a receipt in JSON, or a message of Flight SQL."""
        if descriptor.command is None:
            return self._ingest_plain(context, request_of_path(descriptor.path), reader)
        command = protocol.unpack(descriptor.command)
        if command is None:
            return self._ingest_plain(context, request_of_json(descriptor.command), reader)
        handler = find_handler(self.COMMANDS, protocol.message_name(command), "a command of DoPut")
        return bytes(handler(self, context, command, reader).SerializeToString())

    def _ingest_plain(
        self, context: flight.ServerCallContext, request: IngestRequest, reader: flight.MetadataRecordBatchReader
    ) -> bytes:
        return json.dumps(asdict(self._write(context, request, reader))).encode()

    def _write(
        self, context: flight.ServerCallContext, request: IngestRequest, reader: flight.MetadataRecordBatchReader
    ) -> Receipt:
        call, warehouse = call_of(context), self._service.warehouse
        with translate_stream_errors():
            schema = reader.schema
        request = request.with_batch_id(call.header(BATCH_ID), schema)
        batches = call.count_rows(chunk.data for chunk in reader if chunk.data is not None)
        return ingest(warehouse, request, schema, batches, context.is_cancelled, call.identity)

    def _ingest(
        self, context: flight.ServerCallContext, command: Message, reader: flight.MetadataRecordBatchReader
    ) -> Message:
        receipt = self._write(context, request_of_message(command), reader)
        return message("DoPutUpdateResult", record_count=receipt.rows)

    def _bind(
        self, context: flight.ServerCallContext, command: Message, reader: flight.MetadataRecordBatchReader
    ) -> Message:
        handle = command.prepared_statement_handle
        self._service.statements(context).get(handle)
        with translate_stream_errors():
            batches = list(checked_values(chunk.data for chunk in reader if chunk.data is not None))
            values = pa.concat_batches(batches) if batches else pa.RecordBatch.from_pylist([], reader.schema)
        self._service.statements(context).bind(handle, values)
        return message("DoPutPreparedStatementResult", prepared_statement_handle=handle)

    def _update(
        self, context: flight.ServerCallContext, command: Message, _: flight.MetadataRecordBatchReader
    ) -> Message:
        self._service.transactions(context).check(command.transaction_id)
        self._service.engines.prepare(self._service.query(context, command.query))
        raise _not_an_update()

    def _prepared_update(
        self, context: flight.ServerCallContext, command: Message, _: flight.MetadataRecordBatchReader
    ) -> Message:
        self._service.statements(context).get(command.prepared_statement_handle)
        raise _not_an_update()

    COMMANDS: ClassVar[dict[str, Callable[..., Message]]] = {
        "CommandStatementIngest": _ingest,
        "CommandPreparedStatementQuery": _bind,
        "CommandStatementUpdate": _update,
        "CommandPreparedStatementUpdate": _prepared_update,
    }


def _not_an_update() -> InvalidQuery:
    return InvalidQuery("expected an update, found a statement that returns rows", hint="execute it as a query")
