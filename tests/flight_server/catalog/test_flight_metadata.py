"""Metadata of the lakehouse: tables, schemas, server information and actions."""

import json

import adbc_driver_manager
import pyarrow as pa
import pyarrow.flight as flight
import pytest

from flight_server.actions import Actions
from flight_server.catalog.catalog_metadata import KEY, REMARKS
from flight_server.catalog.sql_info import INFOS
from flight_server.namespace import CATALOG, DB_SCHEMA
from flight_server.protocol import message, pack
from lakehouse.query.overviews import OVERVIEWS, comments_of
from srcql.schema import KEYS, TABLES
from tests.flight_server.rpc import connect, query, send_nothing

NAMES = sorted((*TABLES, *OVERVIEWS))


def metadata(client, name, **fields):
    """Return the rows of a metadata command; check that the announced schema matches."""
    descriptor = flight.FlightDescriptor.for_command(pack(message(name, **fields)))
    info = client.get_flight_info(descriptor)
    table = client.do_get(info.endpoints[0].ticket).read_all()
    assert info.schema == table.schema == client.get_schema(descriptor).schema
    assert info.total_records == table.num_rows
    return table


def tables(client, **fields):
    return metadata(client, "CommandGetTables", **fields)["table_name"].to_pylist()


def test_tables_and_their_columns(sql):
    (catalog,) = sql.adbc_get_objects(depth="all").read_all().to_pylist()
    (schema,) = catalog["catalog_db_schemas"]
    assert (catalog["catalog_name"], schema["db_schema_name"]) == (CATALOG, DB_SCHEMA)
    found = {
        table["table_name"]: [column["column_name"] for column in table["table_columns"]]
        for table in schema["db_schema_tables"]
    }
    assert found == {name: list(comments_of(name)[1]) for name in NAMES}


def test_tables_views_and_columns_have_remarks(client):
    for row in metadata(client, "CommandGetTables", include_schema=True).to_pylist():
        schema = pa.ipc.read_schema(pa.py_buffer(row["table_schema"]))
        doc, columns = comments_of(row["table_name"])
        assert row["table_type"] == ("VIEW" if row["table_name"] in OVERVIEWS else "TABLE")
        assert schema.metadata == {REMARKS.encode(): doc.encode()}
        assert {field.name: field.metadata[REMARKS.encode()].decode() for field in schema} == columns
        for field in schema:
            found = {key.decode().removeprefix(KEY): value.decode() for key, value in field.metadata.items()}
            assert found["TABLE_NAME"] == row["table_name"]
            assert (found["CATALOG_NAME"], found["SCHEMA_NAME"]) == (CATALOG, DB_SCHEMA)
            assert (found["IS_AUTO_INCREMENT"], found["IS_READ_ONLY"], found["IS_SEARCHABLE"]) == (
                "0",
                "1",
                "1",
            )


def test_columns_have_sql_type_names(client):
    schemas = metadata(client, "CommandGetTables", include_schema=True).to_pylist()
    fields = [field for row in schemas for field in pa.ipc.read_schema(pa.py_buffer(row["table_schema"]))]
    type_names = {str(field.type): field.metadata[f"{KEY}TYPE_NAME".encode()].decode() for field in fields}
    assert type_names == {
        "string": "VARCHAR",
        "int32": "INTEGER",
        "int64": "BIGINT",
        "double": "DOUBLE",
        "bool": "BOOLEAN",
        "timestamp[us]": "TIMESTAMP",
        "list<l: string>": "VARCHAR[]",
    }
    times = [field for field in fields if field.type == pa.timestamp("us")]
    assert all("UTC" in field.metadata[REMARKS.encode()].decode() for field in times)


def test_required_columns_are_not_nullable(client):
    (row,) = metadata(client, "CommandGetTables", include_schema=True, table_name_filter_pattern="tests").to_pylist()
    schema = pa.ipc.read_schema(pa.py_buffer(row["table_schema"]))
    assert [field.name for field in schema if not field.nullable] == ["data_set_id", "problem_id", "test_id"]


def test_type_info(client):
    listed = metadata(client, "CommandGetXdbcTypeInfo").to_pylist()
    assert [(row["data_type"], row["type_name"]) for row in listed] == sorted(
        (row["data_type"], row["type_name"]) for row in listed
    )
    for row in listed:
        type_name = row["type_name"]
        (kind,) = query(client, f"SELECT typeof(NULL::{type_name}) AS t")["t"].to_pylist()
        assert kind.split("(")[0] == type_name
    texts = metadata(client, "CommandGetXdbcTypeInfo", data_type=12)
    assert texts["type_name"].to_pylist() == ["UUID", "VARCHAR"]
    assert metadata(client, "CommandGetXdbcTypeInfo", data_type=4711).num_rows == 0


def test_primary_keys(client):
    for table, columns in KEYS.items():
        found = metadata(client, "CommandGetPrimaryKeys", table=table)
        assert found["column_name"].to_pylist() == list(columns)
        assert found["key_sequence"].to_pylist() == list(range(1, len(columns) + 1))
        assert set(found["key_name"].to_pylist()) == {f"{table}_key"}
    assert metadata(client, "CommandGetPrimaryKeys", table="clusters").num_rows == 0
    assert metadata(client, "CommandGetPrimaryKeys", table="tests", catalog="other").num_rows == 0
    assert metadata(client, "CommandGetPrimaryKeys", table="tests", db_schema="").num_rows == 0


def pairs(found):
    return sorted(set(zip(found["fk_table_name"].to_pylist(), found["pk_table_name"].to_pylist(), strict=True)))


def test_foreign_keys(client):
    both = [("observations", "code_implementations"), ("observations", "tests")]
    imported = metadata(client, "CommandGetImportedKeys", table="observations", catalog=CATALOG, db_schema=DB_SCHEMA)
    assert pairs(imported) == both
    assert imported["fk_column_name"].to_pylist() == [*KEYS["code_implementations"], *KEYS["tests"]]
    assert imported["fk_column_name"] == imported["pk_column_name"]
    assert set(imported["update_rule"].to_pylist() + imported["delete_rule"].to_pylist()) == {3}
    assert pairs(metadata(client, "CommandGetExportedKeys", table="tests")) == both[1:]
    assert pairs(metadata(client, "CommandGetExportedKeys", table="observations")) == []
    assert pairs(metadata(client, "CommandGetImportedKeys", table="tests")) == []
    cross = metadata(client, "CommandGetCrossReference", pk_table="tests", fk_table="observations")
    assert pairs(cross) == both[1:]
    assert pairs(metadata(client, "CommandGetCrossReference", pk_table="observations", fk_table="tests")) == []


@pytest.mark.parametrize("depth", ["catalogs", "db_schemas", "tables", "columns"])
def test_objects_at_every_depth(sql, depth):
    assert sql.adbc_get_objects(depth=depth).read_all()["catalog_name"].to_pylist() == [CATALOG]


@pytest.mark.parametrize("table", NAMES)
def test_table_schema_matches_its_rows(sql, client, table):
    schema = sql.adbc_get_table_schema(table, db_schema_filter=DB_SCHEMA)
    sent = query(client, f"SELECT * FROM {table}").schema
    assert [(field.name, field.type) for field in schema] == [(field.name, field.type) for field in sent]


def test_qualified_names_work_in_queries(client):
    qualified = f'"{CATALOG}"."{DB_SCHEMA}"."observations"'
    assert query(client, f"SELECT count(*) AS n FROM {qualified}").to_pydict() == {"n": [12]}


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
        ({"table_name_filter_pattern": "%%o%_i%t%ns%%"}, ["code_implementations"]),
        ({"table_name_filter_pattern": "%" * 100 + "x"}, []),  # backtracking would take too long
        ({"table_name_filter_pattern": "tests' OR ''='"}, []),
        ({"table_name_filter_pattern": "tests\\"}, []),
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


def test_catalogs_schemas_and_table_types(client):
    assert metadata(client, "CommandGetCatalogs").to_pylist() == [{"catalog_name": CATALOG}]
    assert metadata(client, "CommandGetTableTypes").to_pylist() == [{"table_type": "TABLE"}, {"table_type": "VIEW"}]
    both = [{"catalog_name": CATALOG, "db_schema_name": DB_SCHEMA}]
    assert metadata(client, "CommandGetDbSchemas").to_pylist() == both
    assert metadata(client, "CommandGetDbSchemas", catalog=CATALOG, db_schema_filter_pattern="m%").to_pylist() == both
    assert metadata(client, "CommandGetDbSchemas", catalog="other").num_rows == 0
    assert metadata(client, "CommandGetSqlInfo").num_rows == len(INFOS)
    assert metadata(client, "CommandGetSqlInfo", info=[8]).to_pylist() == [{"info_name": 8, "value": 1}]


def test_infos_and_types_by_adbc(sql):
    assert sql.adbc_get_info()["vendor_name"] == "SRCQL"
    assert sql.adbc_get_table_types() == ["TABLE", "VIEW"]


def test_list_flights_returns_the_three_tables(client):
    flights = list(client.list_flights())
    assert sorted(info.descriptor.path[0].decode() for info in flights) == sorted(TABLES)
    for info in flights:
        assert client.do_get(info.endpoints[0].ticket).read_all().schema == info.schema
        assert client.get_flight_info(info.descriptor).schema == info.schema


def test_list_actions_returns_the_supported_actions(client):
    assert {action.type for action in client.list_actions()} == set(Actions.ACTIONS)


@pytest.mark.parametrize("name", ["DropEverything", "CreateTable", ""])
def test_unknown_actions_are_unimplemented(client, name):
    with pytest.raises(NotImplementedError, match="is not supported as an action"):
        list(client.do_action((name, b"")))


@pytest.mark.parametrize("name", ["BeginSavepoint", "EndSavepoint", "CreatePreparedSubstraitPlan"])
def test_savepoints_and_substrait_are_not_supported(client, name):
    with pytest.raises(NotImplementedError, match=r"savepoints|Substrait"):
        list(client.do_action((name, b"")))
    assert name not in Actions.ACTIONS
    assert (INFOS[5][1], INFOS[8][1], INFOS[573][1]) == (False, 1, False)


def test_poll_flight_info_is_not_supported(sql):
    with adbc_driver_manager.AdbcStatement(sql.adbc_connection) as statement:
        statement.set_options(**{"adbc.statement.exec.incremental": "true"})
        statement.set_sql_query("SELECT 1")
        with pytest.raises(adbc_driver_manager.NotSupportedError):
            statement.execute_partitions()


def test_substrait_plans_are_rejected(client):
    plan = pack(message("CommandStatementSubstraitPlan", plan={"plan": b"x", "version": "1"}))
    with pytest.raises(NotImplementedError, match="not supported as a query"):
        client.get_flight_info(flight.FlightDescriptor.for_command(plan))
    writer, responses = client.do_put(flight.FlightDescriptor.for_command(plan), pa.schema([]))
    with pytest.raises(NotImplementedError, match="not supported as a command of DoPut"):
        send_nothing(writer, responses)


def test_status_action_summarizes_the_warehouse(client):
    (response,) = client.do_action("srcql.status")
    status = json.loads(response.body.to_pybytes())
    assert status["data_sets"] == [{"data_set_id": "D", "problems": 2, "implementations": 6, "runs": 1, "rows": 12}]
    assert (status["files"], status["snapshots"]) == (1, 1)


@pytest.mark.parametrize(
    "options", [{"username": "ada", "password": "secret"}, {"adbc.flight.sql.authorization_header": "Bearer x"}]
)
def test_login_without_users_accepts_any_credentials(filled, options):
    with connect(filled, **options) as sql, sql.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_handshake_without_users_returns_a_token(client):
    name, token = client.authenticate_basic_token("ada", "secret")
    assert name == b"authorization"
    assert token.startswith(b"Bearer ")
