"""Ingestion requests in their three forms, and the writing of their batches into the store."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
from google.protobuf.message import Message

from flight_server.identity import ADMIN, WRITE, Identity
from flight_server.namespace import CATALOG, DB_SCHEMA
from lakehouse.warehouse import Warehouse
from srcql.errors import Cancelled, InvalidData, InvalidQuery, UnknownName, Unsupported, suggestion
from srcql.receipt import NO_SNAPSHOT, Receipt
from srcql.schema import TABLES

BATCH_ID = "srcql-batch-id"
FAIL_WHEN_ABSENT, APPEND_WHEN_PRESENT = 2, 2  # TableDefinitionOptions of FlightSql.proto
REJECTED_MODES = {  # why a value of if_exists is rejected
    0: "the command sets no mode for an existing table",
    1: "the table already exists",
    3: "rows are never replaced",
}
NO_TABLE_IS_CREATED = "tables cannot be created"
FIELDS = {"table": str, "batch_id": str | None, "evolve": bool}
OPTIONS: dict[str, Callable[[str], str | bool]] = {
    "batch_id": str,
    "evolve": {"true": True, "false": False}.__getitem__,
}


@dataclass(frozen=True)
class IngestRequest:
    """A request to append a stream of rows to one table; a repeated batch id adds nothing."""

    table: str
    batch_id: str | None = None
    evolve: bool = False

    def __post_init__(self) -> None:
        if self.table not in TABLES:
            raise UnknownName(f"unknown table {self.table}", hint=suggestion(self.table, TABLES, "tables"))

    def with_batch_id(self, header: str | None, schema: pa.Schema) -> "IngestRequest":
        """Return the request with a batch id: of its command, else of the header, else of the schema's metadata."""
        in_schema = (schema.metadata or {}).get(BATCH_ID.encode(), b"").decode(errors="replace")
        return replace(self, batch_id=self.batch_id or header or in_schema or None)


def request_of_path(path: list[bytes]) -> IngestRequest:
    """Return the request of a descriptor's path, which is the name of a table."""
    if len(path) != 1:
        hint = f"tables: {', '.join(TABLES)}"
        raise InvalidQuery(f"expected the name of one table as path, found {len(path)} names", hint=hint)
    return IngestRequest(path[0].decode(errors="replace"))


def request_of_json(command: bytes) -> IngestRequest:
    """Return the request of a command in JSON.

    >>> request_of_json(b'{"table": "tests", "batch_id": "night-7"}')
    IngestRequest(table='tests', batch_id='night-7', evolve=False)
    """
    try:
        fields = json.loads(command)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or "table" not in fields:
        raise InvalidQuery(
            "expected a JSON object with a table as the command of DoPut",
            hint='use for example {"table": "observations", "batch_id": "night-7"}',
        )
    for name, value in fields.items():
        if name not in FIELDS or not isinstance(value, FIELDS[name]):
            hint = "use table (text), batch_id (text) and evolve (true or false)"
            raise InvalidQuery(f"unexpected {name} = {value!r} in the command of DoPut", hint=hint)
    return IngestRequest(**fields)


def request_of_message(command: Message) -> IngestRequest:
    """Return the request of Flight SQL's CommandStatementIngest, which can only append to an existing table.

    Its options are `batch_id` and `evolve`.
    """
    if command.transaction_id:
        hint = "leave out transaction_id; each ingestion is its own commit"
        raise Unsupported("ingestion inside a transaction is not supported", hint=hint)
    if command.temporary:
        raise Unsupported("temporary tables are not supported", hint=f"append to one of {', '.join(TABLES)}")
    for name, found, expected in (("catalog", command.catalog, CATALOG), ("schema", command.schema, DB_SCHEMA)):
        if found and found != expected:
            raise UnknownName(f"unknown {name} {found}", hint=f"use {expected}, or leave out the {name}")
    request = IngestRequest(command.table, **_parse_options(command.options))
    modes = command.table_definition_options
    if (modes.if_not_exist, modes.if_exists) != (FAIL_WHEN_ABSENT, APPEND_WHEN_PRESENT):
        why = REJECTED_MODES.get(modes.if_exists, NO_TABLE_IS_CREATED)
        hint = 'use adbc_ingest(..., mode="append")'
        raise Unsupported(f"{command.table} can only be appended to: {why}", hint=hint)
    return request


def _parse_options(options: Iterable[Message]) -> dict[str, Any]:
    parsed = {}
    for option in options:
        try:
            parsed[option.key] = OPTIONS[option.key](option.value)
        except KeyError:
            hint = "use batch_id (text) and evolve (true or false)"
            raise InvalidQuery(f"unexpected ingestion option {option.key} = {option.value!r}", hint=hint) from None
    return parsed


def ingest(
    warehouse: Warehouse,
    request: IngestRequest,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    is_cancelled: Callable[[], bool],
    identity: Identity,
) -> Receipt:
    """Write the batches and return the receipt of their commit; write nothing if the client disconnects.

    Raise Forbidden if the user's role or grants do not allow it.
    """
    identity.require(WRITE, "ingest")
    if request.evolve:
        identity.require(ADMIN, "add columns")
    plain = pa.schema([field.remove_metadata() for field in schema])
    unread = _without_metadata(plain, batches, is_cancelled)
    rows = pa.RecordBatchReader.from_batches(plain, unread)
    receipt = warehouse.ingest(request.table, rows, request.batch_id, request.evolve, identity.data_sets)
    # The store does not read a repeated batch; a client that still writes may miss an early response.
    repeated = sum(batch.num_rows for batch in unread)
    if receipt.repeated and identity.data_sets is not None:  # the batch may belong to another user: reveal nothing
        return replace(receipt, rows=repeated, snapshot_id=NO_SNAPSHOT)
    return receipt


def _without_metadata(
    schema: pa.Schema, batches: Iterable[pa.RecordBatch], is_cancelled: Callable[[], bool]
) -> Iterator[pa.RecordBatch]:
    with translate_stream_errors():
        for batch in batches:
            yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
    if is_cancelled():
        raise Cancelled("the client disconnected before its last batch")


@contextmanager
def translate_stream_errors() -> Iterator[None]:
    """Raise InvalidData for errors of Arrow while a client's stream is read: it raises OSError for a broken message."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        hint = "send each message as an Arrow library writes it"
        raise InvalidData(f"cannot read the stream of batches: {error}", hint=hint) from error
