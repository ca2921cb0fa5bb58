"""The ways into a server, and rows to bring along."""

import adbc_driver_flightsql.dbapi as flight_sql
import pyarrow as pa
import pyarrow.flight as flight

from flight_server.server import Server

PROBLEMS = ("gcd", "queue")


def observations(problems: tuple[str, ...] = PROBLEMS, run: str = "r1") -> pa.Table:
    """Three implementations of each problem answer to two tests; the last is wrong in the second test."""
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
    """Send rows by plain Flight; the acknowledgement."""
    writer, answers = client.do_put(descriptor, rows.schema)
    with writer:
        writer.write_table(rows)
        writer.done_writing()
        return answers.read().to_pybytes()


def ask(client: flight.FlightClient, text: str) -> pa.Table:
    """The rows of a text, by plain Flight."""
    return client.do_get(flight.Ticket(text.encode())).read_all()


def all_of(cursor: flight_sql.Cursor, text: str, parameters: tuple | None = None) -> pa.Table:
    """The rows of a text, by ADBC."""
    cursor.execute(text, parameters)
    return cursor.fetch_arrow_table()


def shaken(writer: flight.FlightStreamWriter, answers: flight.FlightMetadataReader) -> bytes:
    """The answer to a put that sends no rows."""
    with writer:
        writer.done_writing()
        return answers.read().to_pybytes()
