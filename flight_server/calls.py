"""RPCs from their first header to their last byte: authentication, resources, error translation and the log."""

import functools
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, suppress
from typing import Any, TypeVar, cast

import pyarrow as pa
import pyarrow.flight as flight
from structlog.typing import FilteringBoundLogger

from flight_server.access.logins import Authenticator, Login
from flight_server.connections import Connections
from flight_server.status import to_status
from srcql.errors import Cancelled, StoreError, Unavailable

Item = TypeVar("Item")
Method = TypeVar("Method", bound=Callable[..., Any])
OK = "OK"
MIDDLEWARE = "call"  # pyarrow's key for the middleware of a call
ALLOWED_WHILE_DRAINING = (flight.FlightMethod.DO_GET, flight.FlightMethod.DO_ACTION)


def as_status(method: Method) -> Method:
    """Decorate a method of the server: its errors become Flight statuses."""

    @functools.wraps(method)
    def run(server: flight.FlightServerBase, context: flight.ServerCallContext, *arguments: object) -> object:
        call = call_of(context)
        call.connections.authenticated(context.peer())
        return call.run(lambda: method(server, context, *arguments))

    return cast(Method, run)


def call_of(context: flight.ServerCallContext) -> "Call":
    """Return the RPC of a context."""
    return cast(Call, context.get_middleware(MIDDLEWARE))


class Call(flight.ServerMiddleware):  # type: ignore[misc]
    """One RPC of one user (`identity`), with the login that authenticated it.

    `resources` is closed after the last byte was sent, or when the client disconnects.
    """

    def __init__(self, calls: "Calls", info: flight.CallInfo, headers: dict[str, list[str]], login: Login) -> None:
        self.resources = ExitStack()
        self.rows = 0
        self.identity = login.identity
        self.login_id = login.id
        self.connections = calls.connections
        self._token = login.token
        self._calls = calls
        self._info = info
        self._headers = headers
        self._status = OK
        self._began = time.monotonic()

    def header(self, name: str) -> str | None:
        """Return a header that the client sent."""
        return _first(self._headers, name)

    def run(self, work: Callable[[], Item]) -> Item:
        """Return the result of `work`; its errors become Flight statuses."""
        try:
            return work()
        except Exception as error:
            raise self._fail(error) from None

    def stream(self, items: Iterator[Item]) -> Iterator[Item]:
        """Yield the items; errors become Flight statuses. The call counts as cancelled until the last item was sent."""
        self._status = Cancelled.__name__
        try:
            yield from items
            self._status = OK
        except Exception as error:
            raise self._fail(error) from None

    def count_rows(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the batches and count their rows for the log."""
        for batch in batches:
            self.rows += batch.num_rows
            yield batch

    def sending_headers(self) -> dict[str, str]:
        """Return the header with the client's new token, if it has one."""
        return {"authorization": f"Bearer {self._token}"} if self._token else {}

    def call_completed(self, exception: Exception | None) -> None:
        """Close the resources of the call, and log it."""
        try:
            self.resources.close()
        finally:
            self._calls.remove(self)
            status = self._status if exception is None or self._status != OK else type(exception).__name__
            duration = round((time.monotonic() - self._began) * 1000, 1)
            fields = {"method": self._info.method.name, "ms": duration, "rows": self.rows, "status": status}
            self._calls.log_event("call", **fields, **({"user": self.identity.name} if self.identity.name else {}))

    def _fail(self, error: Exception) -> Exception:
        self._status = type(error).__name__
        return to_status(error, self._calls.log, None if self.identity.data_sets is None else self._calls.folders)


class Calls(flight.ServerMiddlewareFactory):  # type: ignore[misc]
    """The running RPCs; authenticates each new one.

    `folders` are those of the warehouse; users of some data sets do not see errors that name them.
    """

    def __init__(
        self,
        log: FilteringBoundLogger,
        authenticator: Authenticator,
        connections: Connections,
        folders: Collection[str],
    ) -> None:
        self.log = log
        self.connections = connections
        self.folders = folders
        self.draining = False
        self._authenticator = authenticator
        self._running: set[Call] = set()
        self._changed = threading.Condition()

    def start_call(self, info: flight.CallInfo, headers: dict[str, list[str]]) -> Call:
        """Begin an RPC; while the server drains, allow only RPCs that may belong to earlier work."""
        if self.draining and info.method not in ALLOWED_WHILE_DRAINING:
            raise to_status(shutdown_error(), self.log)
        call = Call(self, info, headers, self._authenticate(info.method, _first(headers, "authorization")))
        with self._changed:
            self._running.add(call)
        return call

    def _authenticate(self, method: flight.FlightMethod, authorization: str | None) -> Login:
        try:
            return self._authenticator.authenticate(authorization, method is flight.FlightMethod.HANDSHAKE)
        except StoreError as error:
            self.log.error("login_unavailable", reason=str(error))
            unavailable = Unavailable("login unavailable: the users file cannot be read", hint="see the server log")
            raise to_status(unavailable, self.log) from None
        except Exception as error:
            self.log_event("login_rejected", method=method.name, status=type(error).__name__)
            raise to_status(error, self.log) from None

    def log_event(self, event: str, **fields: object) -> None:
        """Write a line to the log; a log that cannot be written, such as a closed pipe, does not fail the call."""
        with suppress(OSError, ValueError):
            self.log.info(event, **fields)

    def remove(self, call: Call) -> None:
        """Remove an RPC that has ended."""
        with self._changed:
            self._running.discard(call)
            self._changed.notify_all()

    def wait_until_idle(self, timeout: float) -> bool:
        """Wait for the end of all RPCs, at most `timeout` seconds; return whether all have ended."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, timeout)


def _first(headers: dict[str, list[str]], name: str) -> str | None:
    return next(iter(headers.get(name, [])), None)


def shutdown_error() -> Unavailable:
    """Return the error for new work while the server drains."""
    return Unavailable("the server is shutting down", hint="try again when it is running")
