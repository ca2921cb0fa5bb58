"""Start, run and stop a server."""

import itertools
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import pyarrow as pa
import structlog
from structlog.typing import FilteringBoundLogger

from flight_server.access.logins import Authenticator, NoAuthentication, UsersAuthenticator
from flight_server.calls import Calls, shutdown_error
from flight_server.connections import Connections, raise_descriptor_limit
from flight_server.engines.memory import memory_bounds
from flight_server.engines.pool import Pool
from flight_server.engines.requests import Setup
from flight_server.flight_sql import FlightServer
from flight_server.service import Service
from flight_server.settings import InvalidSetting, Settings
from flight_server.watchdog import Watchdog
from lakehouse.query.table_sql import local_path
from lakehouse.warehouse import Warehouse, open_warehouse

CLOSING_SECONDS = 2.0
PROCESSES = 2  # for each statement that may run at once: one runs, one is compiled


def json_logger() -> FilteringBoundLogger:
    """Return a logger that writes one JSON object a line to standard error."""
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
    """A server that listens at `uri` from its construction until `shutdown`; a context manager.

    Raises InvalidSetting if it cannot listen on the address, StoreError if it cannot open the warehouse.
    """

    def __init__(self, settings: Settings) -> None:
        self._log = json_logger()
        with ExitStack() as resources:
            warehouse = resources.enter_context(
                open_warehouse(settings.warehouse or None, catalog=settings.catalog, durable=settings.durable)
            )
            if warehouse.created:
                self._log.info("warehouse_created", location=warehouse.location)
            folders = [local_path(folder) for folder in warehouse.data_locations]
            connections = Connections(settings.users is not None, self._log)
            resources.callback(connections.close)
            self._calls = Calls(self._log, _authenticator(settings, warehouse), connections, folders)
            pool = resources.enter_context(closing(_pool(settings, self._log)))
            self._watchdog = Watchdog()
            resources.callback(self._watchdog.close)
            service = Service(settings, warehouse, pool, self._calls, self._watchdog)
            self._flight = _listen(service, self._calls)
            connections.watch(self._flight.port)
            self._resources = resources.pop_all()
        self.uri = f"{settings.listen.rpartition(':')[0]}:{self._flight.port}"
        if settings.users is None:
            self._log.warning("authentication_disabled", listen=self.uri, hint="set SRCQL_USERS to require users")

    def wait_until_idle(self, timeout: float) -> bool:
        """Wait for the end of all calls, at most `timeout` seconds; return whether all have ended."""
        return self._calls.wait_until_idle(timeout)

    def shutdown(self, grace: float) -> bool:
        """Reject new work, wait `grace` seconds for running work, stop the rest; return whether everything has ended.

        New work is rejected with Unavailable. Clients can still fetch results that were announced before.
        """
        self._calls.draining = True
        if not self.wait_until_idle(grace):
            self._log.warning("statements_stopped", statements=self._watchdog.stop(shutdown_error()))
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
    """Serve until SIGTERM or SIGINT, then drain; return the exit code. A second signal ends the process at once.

    The first line on standard output is the URI of the server.
    """
    signals = _signals()
    raise_descriptor_limit()
    server = Server(settings)
    print(server.uri, flush=True)
    next(signals)
    threading.Thread(target=lambda: os._exit(128 + next(signals)), daemon=True).start()
    if not server.shutdown(settings.grace):
        os._exit(0)  # a client that neither reads nor disconnects would keep the process alive
    return 0


def _signals() -> Iterator[int]:
    """Yield the signals as they arrive, through a pipe.

    A main thread that waits for an event misses a signal that arrives just before it waits, or in another thread; the
    pipe keeps it.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return (os.read(reading, 1)[0] for _ in itertools.count())


def _authenticator(settings: Settings, warehouse: Warehouse) -> Authenticator:
    if settings.users is None:
        return NoAuthentication()
    users, folders = Path(settings.users), (warehouse.location, *warehouse.data_locations)
    if any(folder and users.resolve().is_relative_to(Path(local_path(folder)).resolve()) for folder in folders):
        raise InvalidSetting(
            f"the users file {users} is inside the warehouse", hint="move it where queries cannot read it"
        )
    return UsersAuthenticator(users, settings.token_lifetime)


def _pool(settings: Settings, log: FilteringBoundLogger) -> Pool:
    bounds = memory_bounds(settings.memory_limit, settings.statement_memory)
    setup = Setup(
        settings.warehouse or None, settings.catalog, settings.durable, os.getcwd(), settings.threads, bounds.duckdb
    )
    return Pool(setup, bounds, PROCESSES * settings.statements, log)


def _listen(service: Service, calls: Calls) -> FlightServer:
    settings = service.settings
    try:
        return FlightServer(service, calls)
    except (OSError, pa.ArrowException) as error:
        hint = f"choose another port, or {urlsplit(settings.listen).scheme}://127.0.0.1:0 for any free one"
        raise InvalidSetting(f"cannot listen on {settings.listen}", hint=hint) from error
