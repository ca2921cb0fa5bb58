"""Transactions have the messages that clients of DB-API expect, and no content."""

import adbc_driver_flightsql.dbapi as flight_sql
import pyarrow as pa
import pyarrow.flight as flight
import pytest

from flight_server import protocol
from flight_server.catalog.sql_info import INFOS
from flight_server.protocol import message, pack
from flight_server.state.transactions import Transactions
from srcql.errors import UnknownName
from tests.flight_server.rpc import observations, put, query_adbc, send_nothing


def begin(client):
    (response,) = client.do_action(("BeginTransaction", pack(message("ActionBeginTransactionRequest"))))
    return protocol.unpack(response.body.to_pybytes()).transaction_id


def end(client, transaction, action=1):
    request = message("ActionEndTransactionRequest", transaction_id=transaction, action=action)
    (response,) = client.do_action(("EndTransaction", pack(request)))
    return response.body.to_pybytes()


def test_dbapi_without_autocommit(filled):
    with flight_sql.connect(filled.uri) as sql, sql.cursor() as cursor:
        assert query_adbc(cursor, "SELECT 1 AS one").to_pydict() == {"one": [1]}
        sql.commit()
        assert query_adbc(cursor, "SELECT 2 AS two").to_pydict() == {"two": [2]}
        sql.rollback()


def test_rollback_keeps_ingested_rows(start):
    server = start()
    with flight_sql.connect(server.uri) as sql, sql.cursor() as cursor:
        cursor.adbc_ingest("observations", observations(), mode="append")
        assert query_adbc(cursor, "SELECT count(*) AS n FROM observations").to_pydict() == {"n": [12]}
        sql.rollback()
        assert query_adbc(cursor, "SELECT count(*) AS n FROM observations").to_pydict() == {"n": [12]}
    assert (INFOS[11][1], INFOS[562][1], INFOS[563][1]) == (False, 0, False)


def test_statements_of_a_transaction_read_the_latest_commit(start):
    with flight.connect(start().uri) as client:
        transaction, seen = begin(client), []
        for run in ("r1", "r2"):
            put(client, flight.FlightDescriptor.for_path("observations"), observations(run=run))
            query = message(
                "CommandStatementQuery", query="SELECT count(*) FROM observations", transaction_id=transaction
            )
            seen.append(client.do_get(flight.Ticket(pack(query))).read_all()[0][0].as_py())
        assert seen == [12, 24]
        assert end(client, transaction) == b""


@pytest.mark.parametrize("action", [1, 2])
def test_transaction_ends_once(client, action):
    transaction = begin(client)
    end(client, transaction, action)
    with pytest.raises(KeyError, match="unknown transaction"):
        end(client, transaction, action)


def test_transaction_ends_with_commit_or_rollback(client):
    with pytest.raises(pa.ArrowInvalid, match="COMMIT"):
        end(client, begin(client), 7)


def test_statement_of_an_unknown_transaction(client):
    prepared, query = (
        pack(message(name, query="SELECT 1", transaction_id=b"never begun"))
        for name in ("ActionCreatePreparedStatementRequest", "CommandStatementQuery")
    )
    with pytest.raises(KeyError, match="unknown transaction"):
        list(client.do_action(("CreatePreparedStatement", prepared)))
    with pytest.raises(KeyError, match="unknown transaction"):
        client.get_flight_info(flight.FlightDescriptor.for_command(query))


def test_update_of_an_unknown_transaction(client):
    request = pack(message("CommandStatementUpdate", query="SELECT 1", transaction_id=b"never begun"))
    writer, responses = client.do_put(flight.FlightDescriptor.for_command(request), pa.schema([]))
    with pytest.raises(KeyError, match="unknown transaction"):
        send_nothing(writer, responses)


def test_oldest_transaction_above_the_limit_is_discarded():
    transactions = Transactions(limit=2)
    first, *others = (transactions.begin() for _ in range(3))
    with pytest.raises(UnknownName):
        transactions.check(first)
    for transaction in others:
        transactions.end(transaction)
