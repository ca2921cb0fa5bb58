"""Calls to a server by plain Flight and by ADBC, and rows to ingest."""

import adbc_driver_flightsql.dbapi as flight_sql
import pyarrow as pa
import pyarrow.flight as flight

from flight_server.server import Server

PROBLEMS = ("gcd", "queue")


def observations(problems: tuple[str, ...] = PROBLEMS, run: str = "r1") -> pa.Table:
    """Return responses of three implementations of each problem to two tests; the last fails the second test."""
    rows = [
        {
            "data_set_id": "D",
            "problem_id": problem,
            "implementation_id": implementation,
            "test_id": test,
            "run_id": run,
            "step_id": 0,
            "output": "0" if (implementation, test) == ("c", "t2") else "1",
        }
        for problem in problems
        for implementation in "abc"
        for test in ("t1", "t2")
    ]
    return pa.Table.from_pylist(rows)


def connect(server: Server, **options: str) -> flight_sql.Connection:
    return flight_sql.connect(server.uri, db_kwargs=options, autocommit=True)


def put(client: flight.FlightClient, descriptor: flight.FlightDescriptor, rows: pa.Table) -> bytes:
    """Send rows by plain Flight and return the acknowledgement."""
    writer, responses = client.do_put(descriptor, rows.schema)
    with writer:
        writer.write_table(rows)
        writer.done_writing()
        return responses.read().to_pybytes()


def send_nothing(writer: flight.FlightStreamWriter, responses: flight.FlightMetadataReader) -> bytes:
    """Close a put without rows and return the acknowledgement."""
    with writer:
        writer.done_writing()
        return responses.read().to_pybytes()


def query(client: flight.FlightClient, text: str) -> pa.Table:
    """Return the rows of a query by plain Flight."""
    return client.do_get(flight.Ticket(text.encode())).read_all()


def query_adbc(cursor: flight_sql.Cursor, text: str, parameters: tuple | None = None) -> pa.Table:
    """Return the rows of a query by ADBC."""
    cursor.execute(text, parameters)
    return cursor.fetch_arrow_table()
