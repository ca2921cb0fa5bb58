"""Flight SQL's messages as a table: package -> message -> (number, field, type), `*` for a list.

The classes live in their own pool, so another package can register the same names. Every single field has presence, an
enumeration is an int32 and a map is a list of entries: the bytes on the wire are the same.
The table has all messages of Flight SQL, also those that the server answers with UNIMPLEMENTED, and the messages of
Flight that travel in actions.

>>> unpack(pack(message("CommandStatementQuery", query="SELECT 1"))).query
'SELECT 1'
>>> unpack(b"SELECT 1") is None
True

Source: Flight.proto and FlightSql.proto of Apache Arrow.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

from srcql.errors import InvalidQuery, Unsupported

FLIGHT = "arrow.flight.protocol"
SQL = "arrow.flight.protocol.sql"
TICKETS = "srcql"  # the content of tickets
TYPE_URL = "type.googleapis.com/"

Fields = tuple[tuple[int, str, str], ...]

_QUERY: Fields = ((1, "query", "string"), (2, "transaction_id", "bytes"))
_PREPARED: Fields = ((1, "prepared_statement_handle", "bytes"),)
_STATUS: Fields = ((1, "status", "int32"),)
_TABLE: Fields = ((1, "catalog", "string"), (2, "db_schema", "string"), (3, "table", "string"))
_TRANSACTION: Fields = ((1, "transaction_id", "bytes"),)
_PLAN: Fields = ((1, "plan", "SubstraitPlan"), (2, "transaction_id", "bytes"))

MESSAGES: dict[str, dict[str, Fields]] = {
    FLIGHT: {
        "Any": ((1, "type_url", "string"), (2, "value", "bytes")),
        "StringListValue": ((1, "values", "string*"),),
        "SessionOptionValue": (
            (1, "string_value", "string"),
            (2, "bool_value", "bool"),
            (3, "int64_value", "sfixed64"),
            (4, "double_value", "double"),
            (5, "string_list_value", "StringListValue"),
        ),
        "SessionOption": ((1, "key", "string"), (2, "value", "SessionOptionValue")),
        "SessionError": ((1, "value", "int32"),),
        "SessionOptionError": ((1, "key", "string"), (2, "value", "SessionError")),
        "SetSessionOptionsRequest": ((1, "session_options", "SessionOption*"),),
        "SetSessionOptionsResult": ((1, "errors", "SessionOptionError*"),),
        "GetSessionOptionsRequest": (),
        "GetSessionOptionsResult": ((1, "session_options", "SessionOption*"),),
        "CloseSessionRequest": (),
        "CloseSessionResult": _STATUS,
        "CancelFlightInfoRequest": ((1, "info", "bytes"),),
        "CancelFlightInfoResult": _STATUS,
        "RenewFlightEndpointRequest": ((1, "endpoint", "bytes"),),
    },
    SQL: {
        "CommandGetSqlInfo": ((1, "info", "uint32*"),),
        "CommandGetXdbcTypeInfo": ((1, "data_type", "int32"),),
        "CommandGetCatalogs": (),
        "CommandGetDbSchemas": ((1, "catalog", "string"), (2, "db_schema_filter_pattern", "string")),
        "CommandGetTables": (
            (1, "catalog", "string"),
            (2, "db_schema_filter_pattern", "string"),
            (3, "table_name_filter_pattern", "string"),
            (4, "table_types", "string*"),
            (5, "include_schema", "bool"),
        ),
        "CommandGetTableTypes": (),
        "CommandGetPrimaryKeys": _TABLE,
        "CommandGetExportedKeys": _TABLE,
        "CommandGetImportedKeys": _TABLE,
        "CommandGetCrossReference": (
            (1, "pk_catalog", "string"),
            (2, "pk_db_schema", "string"),
            (3, "pk_table", "string"),
            (4, "fk_catalog", "string"),
            (5, "fk_db_schema", "string"),
            (6, "fk_table", "string"),
        ),
        "SubstraitPlan": ((1, "plan", "bytes"), (2, "version", "string")),
        "CommandStatementSubstraitPlan": _PLAN,
        "CommandStatementQuery": _QUERY,
        "CommandStatementUpdate": _QUERY,
        "TicketStatementQuery": ((1, "statement_handle", "bytes"),),
        "CommandPreparedStatementQuery": _PREPARED,
        "CommandPreparedStatementUpdate": _PREPARED,
        "TableDefinitionOptions": ((1, "if_not_exist", "int32"), (2, "if_exists", "int32")),
        "IngestOption": ((1, "key", "string"), (2, "value", "string")),
        "CommandStatementIngest": (
            (1, "table_definition_options", "TableDefinitionOptions"),
            (2, "table", "string"),
            (3, "schema", "string"),
            (4, "catalog", "string"),
            (5, "temporary", "bool"),
            (6, "transaction_id", "bytes"),
            (1000, "options", "IngestOption*"),
        ),
        "DoPutUpdateResult": ((1, "record_count", "int64"),),
        "DoPutPreparedStatementResult": _PREPARED,
        "ActionCreatePreparedStatementRequest": _QUERY,
        "ActionCreatePreparedStatementResult": (
            (1, "prepared_statement_handle", "bytes"),
            (2, "dataset_schema", "bytes"),
            (3, "parameter_schema", "bytes"),
            (4, "is_update", "bool"),
        ),
        "ActionCreatePreparedSubstraitPlanRequest": _PLAN,
        "ActionClosePreparedStatementRequest": _PREPARED,
        "ActionBeginTransactionRequest": (),
        "ActionBeginTransactionResult": _TRANSACTION,
        "ActionEndTransactionRequest": (*_TRANSACTION, (2, "action", "int32")),
        "ActionBeginSavepointRequest": (*_TRANSACTION, (2, "name", "string")),
        "ActionBeginSavepointResult": ((1, "savepoint_id", "bytes"),),
        "ActionEndSavepointRequest": ((1, "savepoint_id", "bytes"), (2, "action", "int32")),
        "ActionCancelQueryRequest": ((1, "info", "bytes"),),
        "ActionCancelQueryResult": ((1, "result", "int32"),),
    },
    TICKETS: {
        "Ticket": (
            (1, "text", "string"),
            (2, "values", "bytes"),
            (3, "options", "bytes"),
            (4, "pinned", "bool"),
            (5, "observations", "sfixed64"),
            (6, "tests", "sfixed64"),
            (7, "code_implementations", "sfixed64"),
            (8, "first_data_set", "string"),
            (9, "first_problem", "string"),
            (10, "last_data_set", "string"),
            (11, "last_problem", "string"),
            (12, "expires", "sfixed64"),
            (13, "id", "bytes"),
        ),
    },
}


def _add_field(
    message_type: descriptor_pb2.DescriptorProto, package: str, number: int, name: str, type_name: str
) -> None:
    kind, repeated = type_name.removesuffix("*"), type_name.endswith("*")
    field = message_type.field.add(name=name, number=number, label=3 if repeated else 1)
    if kind in MESSAGES[package]:
        field.type, field.type_name = field.TYPE_MESSAGE, f".{package}.{kind}"
    else:
        field.type = getattr(field, f"TYPE_{kind.upper()}")
    if not repeated:
        field.proto3_optional, field.oneof_index = True, len(message_type.oneof_decl)
        message_type.oneof_decl.add(name=f"_{name}")


def _file(package: str) -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in MESSAGES[package].items():
        message_type = file.message_type.add(name=name)
        for number, field, type_name in fields:
            _add_field(message_type, package, number, field, type_name)
    return file


def _classes() -> dict[str, type[Message]]:
    pool = descriptor_pool.DescriptorPool()
    for package in MESSAGES:
        pool.Add(_file(package))
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for package, messages in MESSAGES.items()
        for name in messages
    }


_CLASSES = _classes()


def message(name: str, **fields: object) -> Message:
    """Return a new message of that short name."""
    return _CLASSES[name](**fields)


def parse(name: str, data: bytes) -> Message:
    """Return the message of that name in these bytes; raise InvalidQuery if they hold something else."""
    try:
        return _CLASSES[name].FromString(data)
    except DecodeError as error:
        raise InvalidQuery(f"expected a {name} of Flight SQL, found other bytes") from error


def pack(content: Message) -> bytes:
    """Return the message in the envelope `Any`, as in commands, tickets and the bodies of Flight SQL's actions."""
    url = TYPE_URL + content.DESCRIPTOR.full_name
    return bytes(message("Any", type_url=url, value=content.SerializeToString()).SerializeToString())


def unpack(data: bytes) -> Message | None:
    """Return the message in an envelope, or None if the bytes are no envelope.

    Raise Unsupported for a message that the table does not have, InvalidQuery for invalid content.
    """
    try:
        envelope = _CLASSES["Any"].FromString(data)
    except DecodeError:
        return None
    if not envelope.type_url.startswith(TYPE_URL):
        return None
    package, _, name = envelope.type_url.removeprefix(TYPE_URL).rpartition(".")
    if package != SQL or name not in MESSAGES[SQL]:
        raise Unsupported(f"unknown message {envelope.type_url.removeprefix(TYPE_URL)}")
    return parse(name, envelope.value)


def unpack_as(name: str, data: bytes) -> Message:
    """Return the message of that name in an envelope; raise InvalidQuery if the bytes hold anything else."""
    content = unpack(data)
    if content is None or message_name(content) != name:
        raise InvalidQuery(f"expected a {name} of Flight SQL in the body")
    return content


def message_name(content: Message) -> str:
    """Return the short name of a message."""
    return str(content.DESCRIPTOR.name)
