"""A lakehouse behind a server: queries over Flight SQL with ADBC, ingests over Flight."""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TypeVar

import adbc_driver_flightsql.dbapi as flight_sql
import pyarrow as pa
import pyarrow.flight as flight
from adbc_driver_manager import AdbcStatement
from adbc_driver_manager import Error as DriverError

from srcql.characters import check_characters
from srcql.errors import InvalidQuery, SrcqlError, Unavailable
from srcql.receipt import Receipt
from srcql.status import Status

from .access import Access
from .batches import Rows, is_replayable, open_reader
from .connection import Connection, check_query
from .forks import check_process, is_forked, keep_in_children
from .records import NOT_ARROW
from .statuses import translate_errors

T = TypeVar("T")

# A single value may be larger than 16 MiB, the driver's default size of a message.
_MESSAGE_SIZE = {"adbc.flight.sql.client_option.with_max_msg_size": str(1 << 30)}
_BATCH_BYTES = 8 << 20
_POLL_SECONDS = 0.1
NO_ACCESS = Access()


class WireConnection(Connection):
    """The lakehouse of a server at `grpc://host:port`; connects at the first call."""

    def __init__(self, location: str, access: Access = NO_ACCESS) -> None:
        check_process()
        keep_in_children(self)
        self.location = location
        self._access = access
        with translate_errors(location):
            self._flight = flight.connect(location, **access.connection)
            self._sql = flight_sql.connect(location, db_kwargs=_MESSAGE_SIZE | access.driver, autocommit=True)

    def stream(self, text: str, parameters: Sequence[object] = ()) -> pa.RecordBatchReader:
        """Run a query and return its rows, batch by batch as the server sends them."""
        self._check_open()
        check_query(text, parameters)
        check_characters(text)  # the driver would end the text at NUL
        values = _bindings(parameters)
        with translate_errors(self.location):
            cursor = self._sql.cursor()
            try:
                rows = _wait_interruptibly(cursor, lambda: _execute(cursor.adbc_statement, text, values))
                return pa.RecordBatchReader.from_batches(rows.schema, self._batches(cursor, rows))
            except BaseException:
                cursor.close()
                raise

    def _batches(self, cursor: flight_sql.Cursor, rows: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        with translate_errors(self.location), cursor, rows:
            while (batch := _wait_interruptibly(cursor, lambda: next(rows, None))) is not None:
                yield batch

    def ingest(self, table: str, data: Rows, batch_id: str | None = None, evolve: bool = False) -> Receipt:
        """Add rows; if the connection is lost and the data can be read again, retry once with the same batch id."""
        self._check_open()
        batch_id = batch_id or f"client-{uuid.uuid4().hex}"
        try:
            return self._put(table, data, batch_id, evolve)
        except Unavailable:
            if not is_replayable(data):
                raise
            self._reconnect()
            return self._put(table, data, batch_id, evolve)

    def _reconnect(self) -> None:
        """Open a new connection: the old one waits before it tries again, even if the server is back."""
        with translate_errors(self.location):
            self._flight.close()
            self._flight = flight.connect(self.location, **self._access.connection)

    def _put(self, table: str, data: Rows, batch_id: str, evolve: bool) -> Receipt:
        rows = open_reader(data, table)
        command = json.dumps({"table": table, "batch_id": batch_id, "evolve": evolve}).encode()
        source_error: BaseException | None = None
        try:
            with translate_errors(self.location):
                descriptor = flight.FlightDescriptor.for_command(command)
                writer, metadata = self._flight.do_put(descriptor, rows.schema, self._access.call)
                # Only closing the call raises the complete error of the server.
                with writer:
                    try:
                        _send(writer, rows)
                    except (_SourceError, KeyboardInterrupt) as failure:
                        source_error = failure.__cause__ or failure
                        writer.write_batch(_invalid_batch(rows.schema))
                    writer.done_writing()
                    answer = metadata.read()
        except SrcqlError:
            if source_error is None:
                raise
            raise source_error from None
        if answer is None:
            raise Unavailable(f"the acknowledgement of {self.location} was lost")
        return Receipt(**json.loads(answer.to_pybytes()))

    def status(self) -> Status:
        """Return the contents of the server's lakehouse."""
        self._check_open()
        with translate_errors(self.location):
            (answer,) = self._flight.do_action(flight.Action("srcql.status", b""), self._access.call)
        return Status.from_json(json.loads(answer.body.to_pybytes()))

    def close(self) -> None:
        """Disconnect from the server; a forked child leaves the connection of its parent open."""
        self._closed = True
        if is_forked():
            return
        with translate_errors(self.location):
            self._sql.close()
            self._flight.close()

    def _check_open(self) -> None:
        check_process()
        super()._check_open()


def _bindings(parameters: Sequence[object]) -> pa.RecordBatch | None:
    """Return the values of parameters as one row; None for a statement without parameters."""
    arrays: list[pa.Array] = []
    for value in parameters:
        try:
            arrays.append(pa.array([value]))
        except NOT_ARROW:
            expected = f"parameter {len(arrays) + 1}: expected a value that Arrow can hold"
            raise InvalidQuery(f"{expected}, found {value!r:.80}") from None
    return pa.RecordBatch.from_arrays(arrays, names=[str(at) for at in range(len(arrays))]) if arrays else None


def _execute(statement: AdbcStatement, text: str, values: pa.RecordBatch | None) -> pa.RecordBatchReader:
    """Run a statement; without parameters it is not prepared: closing a prepared one needs a server that still runs."""
    # The driver rejects an empty text itself; the message of the server is better.
    statement.set_sql_query(text or " ")
    if values is not None:
        statement.prepare()
        statement.bind(values)
    rows, _ = statement.execute_query()
    return pa.RecordBatchReader.from_stream(rows)


def _wait_interruptibly(cursor: flight_sql.Cursor, work: Callable[[], T]) -> T:
    """Return the result of `work`, which runs in another thread; Ctrl-C cancels it.

    A thread that waits inside the driver receives no Ctrl-C. Nor does one that waits without a timeout, if the system
    delivers the signal to a thread of the driver.
    """
    check_process()
    with ThreadPoolExecutor(1) as executor:
        try:
            future = executor.submit(work)
            while not wait([future], _POLL_SECONDS).done:
                pass
        except KeyboardInterrupt:
            last = executor.submit(int)  # runs after `work`, which may not have started when it is cancelled
            while not wait([last], _POLL_SECONDS).done:
                with suppress(DriverError):
                    cursor.adbc_cancel()
            raise
        return future.result()


class _SourceError(Exception):
    """Reading the caller's data failed; the cause is the original error."""


def _send(writer: flight.FlightStreamWriter, rows: pa.RecordBatchReader) -> None:
    """Write the batches in slices that fit into a message."""
    for batch in _read_source(rows):
        size = max(1, len(batch) * _BATCH_BYTES // max(batch.nbytes, 1))
        for start in range(0, len(batch), size):
            writer.write_batch(batch.slice(start, size))


def _read_source(rows: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    try:
        yield from rows
    except Exception as failure:
        raise _SourceError from failure


def _invalid_batch(schema: pa.Schema) -> pa.RecordBatch:
    """Return a row without a key, which every table rejects.

    To the server, an aborted stream looks like a complete one. This row makes it discard the whole stream.
    """
    return pa.RecordBatch.from_arrays([pa.nulls(1, field.type) for field in schema], schema=schema)
