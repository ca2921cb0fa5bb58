"""A lakehouse behind a server: queries over Flight SQL by ADBC, rows by plain Flight."""

import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any

import adbc_driver_flightsql.dbapi as flight_sql
import pyarrow as pa
import pyarrow.flight as flight
from adbc_driver_manager import Error as DriverError

from srcql.errors import SrcqlError, Unavailable
from srcql.receipt import Receipt
from srcql.status import Status

from .access import Access
from .batches import reader, replayable
from .connection import Connection
from .statuses import told_by

# A single value may be larger than the driver's default of 16 MiB a message.
_MESSAGE = {"adbc.flight.sql.client_option.with_max_msg_size": str(1 << 30)}
_BATCH_BYTES = 8 << 20
_LISTEN_SECONDS = 0.1
NO_ACCESS = Access()


class WireConnection(Connection):
    """The lakehouse that a server at `grpc://host:port` serves; connected at the first call."""

    def __init__(self, location: str, access: Access = NO_ACCESS) -> None:
        self.location = location
        self._access = access
        with told_by(location):
            self._flight = flight.connect(location, **access.connection)
            self._sql = flight_sql.connect(location, db_kwargs=_MESSAGE | access.driver, autocommit=True)

    def stream(self, text: str) -> pa.RecordBatchReader:
        """The rows of a query, batch by batch as the server sends them."""
        with told_by(self.location):
            cursor = self._sql.cursor()
            try:
                rows = _awaited(cursor, lambda: _asked(cursor.adbc_statement, text))
                return pa.RecordBatchReader.from_batches(rows.schema, self._batches(cursor, rows))
            except BaseException:
                cursor.close()
                raise

    def _batches(self, cursor: Any, rows: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        with told_by(self.location), cursor, rows:
            while (batch := _awaited(cursor, lambda: next(rows, None))) is not None:
                yield batch

    def ingest(self, table: str, data: Any, batch_id: str | None = None) -> Receipt:
        """Add rows; where the connection is lost and the data can be read again, once more under the same batch id."""
        batch_id = batch_id or f"client-{uuid.uuid4().hex}"
        try:
            return self._put(table, data, batch_id)
        except Unavailable:
            if not replayable(data):
                raise
            self._redial()
            return self._put(table, data, batch_id)

    def _redial(self) -> None:
        """A new connection: the old one would wait before it tries again, though the server may be back."""
        with told_by(self.location):
            self._flight.close()
            self._flight = flight.connect(self.location, **self._access.connection)

    def _put(self, table: str, data: Any, batch_id: str) -> Receipt:
        rows = reader(data)
        command = json.dumps({"table": table, "batch_id": batch_id}).encode()
        broken: BaseException | None = None
        try:
            with told_by(self.location):
                descriptor = flight.FlightDescriptor.for_command(command)
                writer, answers = self._flight.do_put(descriptor, rows.schema, self._access.call)
                # A refusal reaches the client whole only when the call is closed.
                with writer:
                    try:
                        _send(writer, rows)
                    except (_BrokenSource, KeyboardInterrupt) as failure:
                        broken = failure.__cause__ or failure
                        writer.write_batch(_refused(rows.schema))
                    writer.done_writing()
                    answer = answers.read()
        except SrcqlError:
            if broken is None:
                raise
            raise broken from None
        if answer is None:
            raise Unavailable(f"the acknowledgement of {self.location} was lost")
        return Receipt(**json.loads(answer.to_pybytes()))

    def status(self) -> Status:
        """What the server's lakehouse holds, now."""
        with told_by(self.location):
            (answer,) = self._flight.do_action(flight.Action("srcql.status", b""), self._access.call)
        return Status.from_json(json.loads(answer.body.to_pybytes()))

    def close(self) -> None:
        """Hang up."""
        with told_by(self.location):
            self._sql.close()
            self._flight.close()


def _asked(statement: Any, text: str) -> pa.RecordBatchReader:
    """The rows of a text; it is not prepared, for then closing it would need a server that may be gone by then."""
    # The driver refuses an empty text in words of its own; the server has better ones.
    statement.set_sql_query(text or " ")
    rows, _ = statement.execute_query()
    return pa.RecordBatchReader.from_stream(rows)


def _awaited(cursor: Any, work: Callable[[], Any]) -> Any:
    """What `work` gives, done in another thread: one that waits inside the driver would not hear Ctrl-C.

    Nor does a thread that waits without end where the system gives the signal to a thread of the driver.
    """
    with ThreadPoolExecutor(1) as beside:
        try:
            done = beside.submit(work)
            while not wait([done], _LISTEN_SECONDS).done:
                pass
        except KeyboardInterrupt:
            ended = beside.submit(int)  # runs after the work, which may not have begun when it is cancelled
            while not wait([ended], _LISTEN_SECONDS).done:
                with suppress(DriverError):
                    cursor.adbc_cancel()
            raise
        return done.result()


class _BrokenSource(Exception):
    """The caller's data failed while it was read; its cause says how."""


def _send(writer: Any, rows: pa.RecordBatchReader) -> None:
    """The batches, in slices that are small enough for a message."""
    for batch in _guarded(rows):
        size = max(1, len(batch) * _BATCH_BYTES // max(batch.nbytes, 1))
        for start in range(0, len(batch), size):
            writer.write_batch(batch.slice(start, size))


def _guarded(rows: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    try:
        yield from rows
    except Exception as failure:
        raise _BrokenSource from failure


def _refused(schema: pa.Schema) -> pa.RecordBatch:
    """A row that no table takes, since it has no key.

    A stream that is broken off looks to the server like one that ended; with this row, none of it is kept.
    """
    return pa.RecordBatch.from_arrays([pa.nulls(1, field.type) for field in schema], schema=schema)
