"""Batches on their way into the store: which table they are for, and their acknowledgement."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from flight_server.access.auth import ADMIN, WRITE, Identity
from flight_server.catalog.catalog_metadata import CATALOG, DB_SCHEMA
from lakehouse.warehouse import Warehouse
from srcql.errors import Cancelled, InvalidData, InvalidQuery, UnknownName, Unsupported, suggestion
from srcql.receipt import NO_SNAPSHOT, Receipt
from srcql.schema import TABLES

BATCH_ID = "srcql-batch-id"
FAIL_WHEN_ABSENT, APPEND_WHEN_PRESENT = 2, 2  # TableDefinitionOptions of FlightSql.proto
OTHERWISE = {  # what is refused when a table is present
    0: "it is not said what is to happen to the rows that it has",
    1: "it is there already",
    3: "what was observed is never replaced",
}
OPTIONS: dict[str, Callable[[str], Any]] = {"batch_id": str, "evolve": {"true": True, "false": False}.__getitem__}


@dataclass(frozen=True)
class Load:
    """A stream of rows for one table; sent again under the same batch id it is kept once."""

    table: str
    batch_id: str | None = None
    evolve: bool = False

    def __post_init__(self) -> None:
        if self.table not in TABLES:
            raise UnknownName(f"unknown table {self.table}", hint=suggestion(self.table, TABLES, "tables"))

    def identified(self, header: str | None, schema: pa.Schema) -> "Load":
        """The load under the batch id of its command, else of the call's header, else of the schema's metadata."""
        noted = (schema.metadata or {}).get(BATCH_ID.encode(), b"").decode(errors="replace")
        return replace(self, batch_id=self.batch_id or header or noted or None)


def by_path(path: list[bytes]) -> Load:
    """The load of a descriptor's path: the table's name alone."""
    if len(path) != 1:
        raise InvalidQuery("the path of a descriptor is the name of one table", hint=f"tables: {', '.join(TABLES)}")
    return Load(path[0].decode(errors="replace"))


def by_command(command: bytes) -> Load:
    """The load of a plain command, JSON.

    >>> by_command(b'{"table": "tests", "batch_id": "night-7"}')
    Load(table='tests', batch_id='night-7', evolve=False)
    """
    kinds = {"table": str, "batch_id": str | None, "evolve": bool}
    try:
        fields = json.loads(command)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or "table" not in fields:
        raise InvalidQuery(
            "the command of a DoPut should be a JSON object that names a table",
            hint='for example {"table": "observations", "batch_id": "night-7"}',
        )
    for name, value in fields.items():
        if name not in kinds or not isinstance(value, kinds[name]):
            raise InvalidQuery(f"the command of a DoPut has table, batch_id and evolve; not {name} = {value!r}")
    return Load(**fields)


def by_statement(ingest: Any) -> Load:
    """The load of Flight SQL's bulk ingestion: rows are appended to a table that is there, and nothing else.

    Its options are those of a plain command, `batch_id` and `evolve`.
    """
    modes = ingest.table_definition_options
    if ingest.transaction_id:
        hint = "leave transaction_id out: ingest outside of a transaction"
        raise Unsupported("what is ingested is committed at once, and belongs to no transaction", hint=hint)
    if ingest.temporary:
        raise Unsupported("there are no temporary tables", hint="append to one of the three tables")
    for name, found, ours in (("catalog", ingest.catalog, CATALOG), ("schema", ingest.schema, DB_SCHEMA)):
        if found and found != ours:
            raise UnknownName(f"unknown {name} {found}", hint=f"the {name} is {ours}; it may be left out")
    load = Load(ingest.table, **_options(ingest.options))
    if (modes.if_not_exist, modes.if_exists) != (FAIL_WHEN_ABSENT, APPEND_WHEN_PRESENT):
        why = OTHERWISE.get(modes.if_exists, "no table is created")
        raise Unsupported(f"{ingest.table} can only be appended to: {why}", hint='adbc_ingest(..., mode="append")')
    return load


def _options(given: Iterable[Any]) -> dict[str, Any]:
    read = {}
    for option in given:
        try:
            read[option.key] = OPTIONS[option.key](option.value)
        except KeyError:
            message = (
                f"an ingestion has the options batch_id and evolve (true, false); not {option.key} = {option.value!r}"
            )
            raise InvalidQuery(message) from None
    return read


def ingest(
    warehouse: Warehouse,
    load: Load,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    gone: Callable[[], bool],
    identity: Identity,
) -> Receipt:
    """Write the batches; what is returned is in the store. Nothing of a load is kept whose client is gone.

    Raises Forbidden where the role or the data sets of its sender do not allow it.
    """
    identity.check(WRITE, "ingest")
    if load.evolve:
        identity.check(ADMIN, "add columns")
    bare = pa.schema([field.remove_metadata() for field in schema])
    unread = _bare_batches(bare, batches, gone)
    rows = pa.RecordBatchReader.from_batches(bare, unread)
    receipt = warehouse.ingest(load.table, rows, load.batch_id, load.evolve, identity.data_sets)
    # A repeat is not read by the store; a client that is answered while it still writes may miss the answer.
    repeated = sum(batch.num_rows for batch in unread)
    if receipt.repeated and identity.data_sets is not None:  # whose batch that was is not known: say nothing of it
        return replace(receipt, rows=repeated, snapshot_id=NO_SNAPSHOT)
    return receipt


def _bare_batches(
    schema: pa.Schema, batches: Iterable[pa.RecordBatch], gone: Callable[[], bool]
) -> Iterator[pa.RecordBatch]:
    with reading():
        for batch in batches:
            yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
    if gone():
        raise Cancelled("the client left before its last batch")


@contextmanager
def reading() -> Iterator[None]:
    """What a client sends is read inside; InvalidData when it is no stream of Arrow batches."""
    try:
        yield
    except pa.ArrowException as error:
        raise InvalidData(f"the stream of batches cannot be read: {error}") from error
