"""A request that runs in a worker: its answers, and the ways to stop it."""

import math
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from flight_server.engines.process import EngineProcess, raise_failure
from flight_server.engines.requests import End, Failure, Request
from lakehouse.query.deadline import POLL_SECONDS, client_cancelled
from srcql.errors import Cancelled, SrcqlError, TimedOut

MORE_FOLLOWS = (pa.Schema, pa.RecordBatch)
LATE_SECONDS = 0.5  # in which a worker that limits itself reports a better error
GRACE_SECONDS = 1.0  # between an interrupt and the end of the process


class Lease:
    """One request in a worker; `release` is called once when the worker has ended it."""

    def __init__(self, process: EngineProcess, request: Request, release: Callable[[], None]) -> None:
        self._process = process
        self._release = release
        self._kill_at = math.inf
        self._ended = False
        try:
            self._number, self._channel = process.send(request)
        except BaseException:
            release()
            raise

    def answer(self, seconds: float | None, too_long: Callable[[float], TimedOut]) -> Any:
        """Wait for the first answer, at most so many seconds, while the client waits; return it.

        Raises `too_long` of the seconds, Cancelled, or the error of the request.
        """
        due = math.inf if seconds is None else time.monotonic() + seconds + LATE_SECONDS
        reason: SrcqlError | None = None
        while not self._channel.wait(POLL_SECONDS):
            if seconds is not None and time.monotonic() >= due:
                reason = reason or too_long(seconds)
            reason = reason or _cancellation()
            if reason:
                self.stop()
        try:
            answer = self.receive()
        except SrcqlError as error:
            raise reason or error from None
        if reason:
            raise reason
        return answer

    def receive(self, schema: pa.Schema | None = None) -> Any:
        """Wait for the next answer and return it; a batch has this schema. Raises the error of the request."""
        try:
            answer = self._channel.receive(schema)
        except (EOFError, OSError):
            self._ended = True
            raise self._process.lost() from None
        self._ended = not isinstance(answer, MORE_FOLLOWS)
        if isinstance(answer, Failure):
            raise_failure(answer)
        return answer

    def stop(self) -> None:
        """Interrupt the request; may have to be called again, and then ends the process if it goes on too long."""
        if self._ended:
            return
        now = time.monotonic()
        self._kill_at = min(self._kill_at, now + GRACE_SECONDS)
        if now >= self._kill_at:
            self._process.kill()
        else:
            self._process.interrupt(self._number)

    def close(self) -> None:
        """Stop the request if it still runs, wait for its end, and give the process back."""
        if self._ended:
            self._process.give_back(self._channel)
        else:
            self._abandon()
        self._release()

    def _abandon(self) -> None:
        """Stop the request, and read what it still sends until its channel ends."""
        with self._channel:
            self._channel.finish()
            self.stop()
            while not self._ended:
                answers = self._channel.wait(POLL_SECONDS)
                if answers:
                    self._ended = not self._channel.discard()
                if not answers or time.monotonic() >= self._kill_at:
                    self.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_client() -> None:
    """Raise Cancelled if the client of the current call has cancelled it or disconnected."""
    if reason := _cancellation():
        raise reason


def _cancellation() -> Cancelled | None:
    return Cancelled("the client cancelled the call or disconnected") if client_cancelled.get()() else None


class Rows:
    """The rows of a query that runs in a worker, read once; they end with an error after `stop`."""

    def __init__(self, lease: Lease, schema: pa.Schema) -> None:
        self.schema = schema
        self.stop = lease.stop
        self._lease = lease

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches as they come; the worker waits while nobody reads."""
        while not isinstance(batch := self._lease.receive(self.schema), End):
            yield batch
