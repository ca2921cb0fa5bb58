"""Messages have the bytes that the specification defines."""

import pytest

from flight_server import protocol
from flight_server.protocol import message, pack, unpack
from srcql.errors import InvalidQuery, Unsupported

# CommandGetTables{db_schema_filter_pattern: "main", include_schema: true} in its envelope, byte by byte
GET_TABLES = b"\x0a\x3etype.googleapis.com/arrow.flight.protocol.sql.CommandGetTables\x12\x08\x12\x04main\x28\x01"


def test_command_has_the_bytes_of_the_specification():
    command = unpack(GET_TABLES)
    assert protocol.message_name(command) == "CommandGetTables"
    assert command.db_schema_filter_pattern == "main"
    assert command.include_schema
    assert not command.HasField("catalog")
    assert pack(command) == GET_TABLES


def test_empty_text_is_present():
    assert unpack(pack(message("CommandGetDbSchemas", catalog=""))).HasField("catalog")


def test_false_is_serialized():
    assert message("ActionCreatePreparedStatementResult", is_update=False).SerializeToString() == b"\x20\x00"


@pytest.mark.parametrize(
    "text", [b"", b"SELECT 1", b"\nSELECT 1", b"CLUSTER FROM x", b'{"table": "tests"}', b"\xff\xfe"]
)
def test_text_is_not_an_envelope(text):
    assert unpack(text) is None


def test_unknown_message_is_reported():
    unknown = message("Any", type_url="type.googleapis.com/vendor.Special", value=b"").SerializeToString()
    with pytest.raises(Unsupported, match=r"vendor\.Special"):
        unpack(unknown)


def test_flight_messages_in_an_envelope_are_rejected():
    raw = message("Any", type_url="type.googleapis.com/arrow.flight.protocol.CloseSessionResult").SerializeToString()
    with pytest.raises(Unsupported):
        unpack(raw)


def test_invalid_content_is_reported():
    url = "type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery"
    with pytest.raises(InvalidQuery, match="CommandStatementQuery"):
        unpack(message("Any", type_url=url, value=b"\xff\xff").SerializeToString())


def test_invalid_utf8_is_reported():
    url = "type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery"
    with pytest.raises(InvalidQuery, match="CommandStatementQuery"):
        unpack(message("Any", type_url=url, value=b"\x0a\x02\xff\xff").SerializeToString())


def test_unexpected_message_in_a_body_is_rejected():
    with pytest.raises(InvalidQuery, match="ActionClosePreparedStatementRequest"):
        protocol.unpack_as("ActionClosePreparedStatementRequest", GET_TABLES)


def test_unknown_fields_are_ignored():
    ingest = protocol.parse("CommandStatementIngest", b"\x12\x05tests" + b"\xc2\x3e\x04\x0a\x02ab")  # options = 1000
    assert ingest.table == "tests"
