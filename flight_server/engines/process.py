"""One worker as the server sees it: requests that run in it, its memory, and its end."""

import itertools
import os
import signal
import threading
import time
from collections.abc import Hashable
from contextlib import suppress

from flight_server.engines.channel import Channel
from flight_server.engines.forking import FORKING
from flight_server.engines.memory import used_memory
from flight_server.engines.requests import Failure, Interrupt, Listen, Request, Setup
from srcql.errors import ExecutionError, SrcqlError, StoreError


class WorkerFailure(Exception):
    """A defect in a worker; the text is the worker's traceback."""


def raise_failure(failure: Failure) -> None:
    """Raise the error of a worker."""
    raise failure.error if isinstance(failure.error, SrcqlError) else WorkerFailure(failure.error)


class EngineProcess:
    """A worker process. `requests` is the number of those that run in it, `key` the statement that they belong to.

    `text` is the last text that it compiled, `idle_since` the time at which its last request ended.
    """

    def __init__(self, setup: Setup) -> None:
        self.requests = 0
        self.key: Hashable = None
        self.text = ""
        self.idle_since = time.monotonic()
        self.reason: SrcqlError | None = None
        self.killed = False
        self._numbers = itertools.count()
        self._channels: list[Channel] = []
        self._lock = threading.Lock()
        self._reaped = False
        self._exit_code: int | None = None
        self._control, other = Channel.pair()
        self.id = FORKING.fork(other)
        try:
            self._control.send(setup)
            answer = self._control.receive()
        except (EOFError, OSError):
            raise self.lost() from None
        if isinstance(answer, Failure):
            self.end()
            raise_failure(answer)
        self._at_rest = used_memory(self.id)

    @property
    def memory(self) -> int:
        """The bytes of memory that its statements hold."""
        return max(0, used_memory(self.id) - self._at_rest)

    @property
    def is_alive(self) -> bool:
        """Whether the process can take requests; it sends nothing on the control channel but its end."""
        return not self.killed and not self._control.wait(0)

    def send(self, request: Request) -> tuple[int, Channel]:
        """Start a request; return its number, and the channel of its answers."""
        number = next(self._numbers)
        try:
            channel = self._channels.pop() if self._channels else self._connect()
        except OSError:
            raise self.lost() from None
        try:
            channel.send((number, request))
        except OSError:
            channel.close()
            raise self.lost() from None
        except BaseException:
            channel.close()
            raise
        return number, channel

    def give_back(self, channel: Channel) -> None:
        """Use a channel again, on which all answers were read."""
        with self._lock:
            if self._reaped:
                channel.close()
            else:
                self._channels.append(channel)

    def _connect(self) -> Channel:
        channel, other = Channel.pair()
        with self._lock:
            self._control.send(Listen(), other)
        return channel

    def interrupt(self, number: int) -> None:
        """Interrupt a request; an interrupt that comes too early has no effect, so it is repeated."""
        with self._lock, suppress(OSError):
            self._control.send(Interrupt(number))

    def kill(self, reason: SrcqlError | None = None) -> None:
        """End the process at once; `reason` is the error of its statement."""
        with self._lock:
            self.reason, self.killed = self.reason or reason, True
            if not self._reaped:
                with suppress(ProcessLookupError):
                    os.kill(self.id, signal.SIGKILL)

    def lost(self) -> SrcqlError:
        """Return the error of a statement whose process has ended."""
        code = self.end()
        return self.reason or _unexpected_end(code)

    def end(self) -> int | None:
        """End the process and release what belongs to it; return its exit code where that is known."""
        with self._lock:
            if not self._reaped:
                self.killed = self._reaped = True
                for channel in (self._control, *self._channels):
                    channel.close()
                self._exit_code = FORKING.reap(self.id)
            return self._exit_code


def _unexpected_end(code: int | None) -> SrcqlError:
    if code == 0:
        return StoreError("the engine process ended before it could open the warehouse")
    if code in (None, -signal.SIGKILL):
        hint = "select less data if the machine ran out of memory; else execute it again"
        return ExecutionError("the engine process of this statement was killed", hint=hint)
    name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return ExecutionError(f"the engine failed on this query ({name})", hint="report it as a bug, with the query")
