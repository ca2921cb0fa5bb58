"""A running server: from its first line, the address that it is bound to, until its last stream has ended."""

import itertools
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import pyarrow as pa
import structlog
from structlog.typing import FilteringBoundLogger

from flight_server.access.logins import Door, OpenDoor, UsersDoor
from flight_server.calls import Calls, shutting_down
from flight_server.flight_sql import FlightServer
from flight_server.settings import InvalidSetting, Settings
from flight_server.watchdog import Watchdog
from lakehouse.engine import Engine
from lakehouse.query.views import local_path
from lakehouse.warehouse import Warehouse, open_warehouse

CLOSING_SECONDS = 2.0


def json_lines() -> FilteringBoundLogger:
    """The log: one JSON object a line, on standard error."""
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    return log


class Server:
    """A server that listens from its construction on, at `uri`, until `shutdown`; a context manager.

    Raises InvalidSetting when it cannot listen where it should, StoreError when the warehouse cannot be opened.
    """

    def __init__(self, settings: Settings) -> None:
        self._log = json_lines()
        with ExitStack() as resources:
            warehouse = resources.enter_context(open_warehouse(settings.warehouse, catalog=settings.catalog))
            self._calls = Calls(self._log, _door(settings, warehouse))
            limits = {
                "threads": settings.threads,
                "memory_limit": settings.memory_limit,
                "compile_seconds": settings.statement_timeout,
            }
            engine = resources.enter_context(Engine(warehouse, **limits))  # type: ignore[arg-type]
            self._watchdog = Watchdog()
            resources.callback(self._watchdog.close)
            self._flight = _listening(settings, engine, self._calls, self._watchdog)
            self._resources = resources.pop_all()
        self.uri = f"{settings.listen.rpartition(':')[0]}:{self._flight.port}"
        if settings.users is None:
            self._log.warning("there are no users: whoever is on this machine may read and write", listen=self.uri)

    def idle(self, timeout: float) -> bool:
        """Whether all that runs has ended within so many seconds."""
        return self._calls.wait_until_idle(timeout)

    def shutdown(self, grace: float) -> bool:
        """Take no new work, let what runs end within `grace` seconds, stop the rest; whether all has ended.

        What came too late is refused with Unavailable. Results that were announced before can still be fetched.
        """
        self._calls.draining = True
        if not self.idle(grace):
            self._log.warning("stopping what still runs", statements=self._watchdog.stop(shutting_down()))
        closing = threading.Thread(target=self._flight.shutdown, daemon=True)
        closing.start()
        closing.join(CLOSING_SECONDS)
        if not closing.is_alive():
            self._resources.close()
        return not closing.is_alive()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown(0)


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT, then drain; a second signal ends the process at once. Returns the exit code.

    The first line on standard output is the URI that the server is bound to.
    """
    signals = _signals()
    server = Server(settings)
    print(server.uri, flush=True)
    next(signals)
    threading.Thread(target=lambda: os._exit(128 + next(signals)), daemon=True).start()
    if not server.shutdown(settings.grace):
        os._exit(0)  # a client that neither reads nor leaves would keep the process for ever
    return 0


def _signals() -> Iterator[int]:
    """The signals that arrive, by way of a pipe.

    A main thread that waits for an event misses a signal that comes just before it waits, or that the system gives to
    another thread; what was written to a pipe is not missed.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return (os.read(reading, 1)[0] for _ in itertools.count())


def _door(settings: Settings, warehouse: Warehouse) -> Door:
    if settings.users is None:
        return OpenDoor()
    users, folders = Path(settings.users), (warehouse.location, *warehouse.data_locations)
    if any(folder and users.resolve().is_relative_to(Path(local_path(folder)).resolve()) for folder in folders):
        raise InvalidSetting(f"the users file {users} lies in the warehouse", hint="keep it where no query can read it")
    return UsersDoor(users, settings.token_lifetime)


def _listening(settings: Settings, engine: Engine, calls: Calls, watchdog: Watchdog) -> FlightServer:
    try:
        return FlightServer(settings, engine, calls, watchdog)
    except (OSError, pa.ArrowException) as error:
        hint = f"another program may have it: choose another port, or {urlsplit(settings.listen).scheme}://127.0.0.1:0"
        raise InvalidSetting(f"cannot listen on {settings.listen}", hint=hint) from error
