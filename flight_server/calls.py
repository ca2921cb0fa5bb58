"""What there is to one RPC, from its first header to its last byte: its headers, what it holds, its line in the log."""

import functools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from typing import Any, TypeVar, cast

import pyarrow as pa
import pyarrow.flight as flight
from structlog.typing import FilteringBoundLogger

from flight_server.access.logins import Admitted, Door
from flight_server.status import to_status
from srcql.errors import Cancelled, StoreError, Unavailable

Item = TypeVar("Item")
Method = TypeVar("Method", bound=Callable[..., Any])
OK = "OK"
NAME = "call"  # under which pyarrow keeps the middleware of a call
WHILE_DRAINING = (flight.FlightMethod.DO_GET, flight.FlightMethod.DO_ACTION)


def told(method: Method) -> Method:
    """A method of the server whose errors leave as statuses."""

    @functools.wraps(method)
    def answer(server: Any, context: Any, *arguments: Any) -> Any:
        return call_of(context).told(lambda: method(server, context, *arguments))

    return cast(Method, answer)


def call_of(context: Any) -> "Call":
    """The RPC that a context belongs to."""
    return cast(Call, context.get_middleware(NAME))


class Call(flight.ServerMiddleware):  # type: ignore[misc]
    """One RPC, of one `identity` and one `login` of theirs.

    What is entered into `resources` is let go when its last byte was sent or its client is gone.
    """

    def __init__(self, calls: "Calls", info: Any, headers: dict[str, list[str]], admitted: Admitted) -> None:
        self.resources = ExitStack()
        self.rows = 0
        self.identity = admitted.identity
        self.login = admitted.login
        self._token = admitted.token
        self._calls = calls
        self._info = info
        self._headers = headers
        self._status = OK
        self._began = time.monotonic()

    def header(self, name: str) -> str | None:
        """A header that the client sent."""
        return _header(self._headers, name)

    def told(self, work: Callable[[], Item]) -> Item:
        """The work's result; its errors leave as statuses."""
        try:
            return work()
        except Exception as error:
            raise self._fail(error) from None

    def told_each(self, items: Iterator[Item]) -> Iterator[Item]:
        """The items of a stream; its errors leave as statuses. It counts as cancelled until its last item was taken."""
        self._status = Cancelled.__name__
        try:
            yield from items
            self._status = OK
        except Exception as error:
            raise self._fail(error) from None

    def counted(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches as they pass; the log tells their rows."""
        for batch in batches:
            self.rows += batch.num_rows
            yield batch

    def sending_headers(self) -> dict[str, str]:
        """The token that the client is to use from now on."""
        return {"authorization": f"Bearer {self._token}"} if self._token else {}

    def call_completed(self, exception: Exception | None) -> None:
        """Let go what the call held, and write its line."""
        try:
            self.resources.close()
        finally:
            self._calls.completed(self)
            status = self._status if exception is None or self._status != OK else type(exception).__name__
            duration = round((time.monotonic() - self._began) * 1000, 1)
            said = {"method": self._info.method.name, "ms": duration, "rows": self.rows, "status": status}
            self._calls.say("call", **said, **({"user": self.identity.name} if self.identity.name else {}))

    def _fail(self, error: Exception) -> Exception:
        self._status = type(error).__name__
        return to_status(error, self._calls.log, candid=self.identity.data_sets is None)


class Calls(flight.ServerMiddlewareFactory):  # type: ignore[misc]
    """All RPCs that are under way, of those whom the door lets in."""

    def __init__(self, log: FilteringBoundLogger, door: Door) -> None:
        self.log = log
        self._door = door
        self.draining = False
        self._running: set[Call] = set()
        self._changed = threading.Condition()

    def start_call(self, info: Any, headers: dict[str, list[str]]) -> Call:
        """Begin an RPC; while the server drains, only what belongs to work that was begun before."""
        if self.draining and info.method not in WHILE_DRAINING:
            raise to_status(shutting_down(), self.log)
        call = Call(self, info, headers, self._admitted(info.method, _header(headers, "authorization")))
        with self._changed:
            self._running.add(call)
        return call

    def _admitted(self, method: Any, authorization: str | None) -> Admitted:
        try:
            return self._door.admit(authorization, method is flight.FlightMethod.HANDSHAKE)
        except StoreError as error:
            self.log.error("nobody can be let in", reason=str(error))
            closed = Unavailable("nobody can be let in now", hint="the log of the server says why")
            raise to_status(closed, self.log) from None
        except Exception as error:
            self.say("refused", method=method.name, status=type(error).__name__)
            raise to_status(error, self.log) from None

    def say(self, event: str, **said: Any) -> None:
        """Write a line; a log that cannot be written, as after its reader has gone, stops no call."""
        with suppress(OSError, ValueError):
            self.log.info(event, **said)

    def completed(self, call: Call) -> None:
        """An RPC is over."""
        with self._changed:
            self._running.discard(call)
            self._changed.notify_all()

    def wait_until_idle(self, timeout: float) -> bool:
        """Whether all RPCs ended within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, timeout)


def _header(headers: dict[str, list[str]], name: str) -> str | None:
    return next(iter(headers.get(name, [])), None)


def shutting_down() -> Unavailable:
    """What a client is told that comes with new work while the server drains."""
    return Unavailable("the server is shutting down", hint="ask again when it is back")
