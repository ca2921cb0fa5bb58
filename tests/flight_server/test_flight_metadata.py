"""What clients see of the lakehouse before they ask: tables, schemas, infos, actions."""

import json

import adbc_driver_flightsql.dbapi as flight_sql
import pyarrow as pa
import pyarrow.flight as flight
import pytest
from doors import ask, connect

from flight_server import protocol
from flight_server.catalog_metadata import CATALOG, DB_SCHEMA, REMARKS
from flight_server.protocol import message, pack
from flight_server.sql_info import INFOS
from lakehouse.overviews import OVERVIEWS, documented
from srcql.schema import TABLES

NAMES = sorted((*TABLES, *OVERVIEWS))


def metadata(client, name, **fields):
    """The rows of a metadata command, whose schema is announced as it is sent."""
    descriptor = flight.FlightDescriptor.for_command(pack(message(name, **fields)))
    info = client.get_flight_info(descriptor)
    table = client.do_get(info.endpoints[0].ticket).read_all()
    assert info.schema == table.schema == client.get_schema(descriptor).schema
    assert info.total_records == table.num_rows
    return table


def tables(client, **fields):
    return metadata(client, "CommandGetTables", **fields)["table_name"].to_pylist()


def test_tables_and_types_of_their_columns(sql):
    (catalog,) = sql.adbc_get_objects(depth="all").read_all().to_pylist()
    (schema,) = catalog["catalog_db_schemas"]
    assert (catalog["catalog_name"], schema["db_schema_name"]) == (CATALOG, DB_SCHEMA)
    found = {
        table["table_name"]: [column["column_name"] for column in table["table_columns"]]
        for table in schema["db_schema_tables"]
    }
    assert found == {name: list(documented(name)[1]) for name in NAMES}


def test_tables_views_and_columns_say_what_they_hold(client):
    for row in metadata(client, "CommandGetTables", include_schema=True).to_pylist():
        schema = pa.ipc.read_schema(pa.py_buffer(row["table_schema"]))
        doc, columns = documented(row["table_name"])
        assert row["table_type"] == ("VIEW" if row["table_name"] in OVERVIEWS else "TABLE")
        assert schema.metadata == {REMARKS.encode(): doc.encode()}
        assert {field.name: field.metadata[REMARKS.encode()].decode() for field in schema} == columns


@pytest.mark.parametrize("depth", ["catalogs", "db_schemas", "tables", "columns"])
def test_objects_at_every_depth(sql, depth):
    assert sql.adbc_get_objects(depth=depth).read_all()["catalog_name"].to_pylist() == [CATALOG]


@pytest.mark.parametrize("table", NAMES)
def test_the_schema_of_a_table_is_that_of_its_rows(sql, client, table):
    schema = sql.adbc_get_table_schema(table, db_schema_filter=DB_SCHEMA)
    assert schema == ask(client, f"SELECT * FROM {table}").schema


def test_a_qualified_name_can_be_asked_as_it_stands(client):
    qualified = f'"{CATALOG}"."{DB_SCHEMA}"."observations"'
    assert ask(client, f"SELECT count(*) AS n FROM {qualified}").to_pydict() == {"n": [12]}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, NAMES),
        ({"table_name_filter_pattern": "%"}, NAMES),
        ({"table_name_filter_pattern": "test_"}, ["tests"]),
        ({"table_name_filter_pattern": "code%"}, ["code_implementations"]),
        ({"table_name_filter_pattern": r"code\_impl%"}, ["code_implementations"]),
        ({"table_name_filter_pattern": r"test\_"}, []),
        ({"table_name_filter_pattern": "code.*"}, []),
        ({"table_name_filter_pattern": ""}, []),
        ({"catalog": CATALOG, "db_schema_filter_pattern": DB_SCHEMA[:-1] + "_"}, NAMES),
        ({"catalog": ""}, []),
        ({"catalog": "other"}, []),
        ({"db_schema_filter_pattern": "other"}, []),
        ({"table_types": ["TABLE", "VIEW"]}, NAMES),
        ({"table_types": ["VIEW"]}, sorted(OVERVIEWS)),
        ({"table_types": ["TABLE"], "table_name_filter_pattern": "%s"}, sorted(TABLES)),
        ({"table_types": ["SYSTEM TABLE"]}, []),
    ],
)
def test_filters(client, fields, expected):
    assert tables(client, **fields) == expected
    assert tables(client, include_schema=True, **fields) == expected


def test_the_other_lists(client):
    assert metadata(client, "CommandGetCatalogs").to_pylist() == [{"catalog_name": CATALOG}]
    assert metadata(client, "CommandGetTableTypes").to_pylist() == [{"table_type": "TABLE"}, {"table_type": "VIEW"}]
    both = [{"catalog_name": CATALOG, "db_schema_name": DB_SCHEMA}]
    assert metadata(client, "CommandGetDbSchemas").to_pylist() == both
    assert metadata(client, "CommandGetDbSchemas", catalog=CATALOG, db_schema_filter_pattern="m%").to_pylist() == both
    assert metadata(client, "CommandGetDbSchemas", catalog="other").num_rows == 0
    assert metadata(client, "CommandGetSqlInfo").num_rows == len(INFOS)
    assert metadata(client, "CommandGetSqlInfo", info=[8]).to_pylist() == [{"info_name": 8, "value": 0}]


def test_infos_and_types_by_adbc(sql):
    assert sql.adbc_get_info()["vendor_name"] == "SRCQL"
    assert sql.adbc_get_table_types() == ["TABLE", "VIEW"]


def test_the_three_tables_are_flights(client):
    flights = list(client.list_flights())
    assert sorted(info.descriptor.path[0].decode() for info in flights) == sorted(TABLES)
    for info in flights:
        assert client.do_get(info.endpoints[0].ticket).read_all().schema == info.schema
        assert client.get_flight_info(info.descriptor).schema == info.schema


@pytest.mark.parametrize("name", ["CommandGetPrimaryKeys", "CommandGetCrossReference", "CommandGetXdbcTypeInfo"])
def test_what_is_not_served_is_unimplemented(client, name):
    command = message("Any", type_url=f"type.googleapis.com/{protocol.SQL}.{name}").SerializeToString()
    with pytest.raises(NotImplementedError, match=f"does not know .*{name}"):
        client.get_flight_info(flight.FlightDescriptor.for_command(command))


def test_the_actions_that_are_served_are_listed(client):
    assert {action.type for action in client.list_actions()} == {
        "CreatePreparedStatement",
        "ClosePreparedStatement",
        "CancelFlightInfo",
        "SetSessionOptions",
        "GetSessionOptions",
        "CloseSession",
        "srcql.status",
    }


@pytest.mark.parametrize("name", ["BeginTransaction", "RenewFlightEndpoint", "DropEverything", ""])
def test_other_actions_are_unimplemented(client, name):
    with pytest.raises(NotImplementedError, match="not served"):
        list(client.do_action((name, b"")))


def test_session_options_are_answered(client):
    entries = b"".join(b"\x0a" + bytes([len(entry)]) + entry for entry in (b"\x0a\x07catalog\x12\x04\x0a\x02tx",))
    (answer,) = client.do_action(("SetSessionOptions", entries))
    (error,) = protocol.parse("SetSessionOptionsResult", answer.body.to_pybytes()).errors
    assert (error.key, error.value.value) == ("catalog", 1)
    (options,) = client.do_action(("GetSessionOptions", b""))
    assert options.body.to_pybytes() == b""
    (closed,) = client.do_action(("CloseSession", b""))
    assert protocol.parse("CloseSessionResult", closed.body.to_pybytes()).status == 1


def test_status_tells_what_the_warehouse_holds(client):
    (answer,) = client.do_action("srcql.status")
    status = json.loads(answer.body.to_pybytes())
    assert status["data_sets"] == [{"data_set_id": "D", "problems": 2, "implementations": 6, "runs": 1, "rows": 12}]
    assert (status["files"], status["snapshots"]) == (1, 1)


@pytest.mark.parametrize(
    "options", [{"username": "ada", "password": "secret"}, {"adbc.flight.sql.authorization_header": "Bearer x"}]
)
def test_clients_that_log_in_are_let_in(filled, options):
    with connect(filled, **options) as sql, sql.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_a_bare_client_that_logs_in_gets_a_token(client):
    name, token = client.authenticate_basic_token("ada", "secret")
    assert name == b"authorization"
    assert token.startswith(b"Bearer ")


def test_a_connection_that_would_begin_transactions_is_told_that_there_are_none(filled):
    with pytest.warns(Warning, match="Cannot disable autocommit"):
        sql = flight_sql.connect(filled.uri)
    with sql, sql.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
