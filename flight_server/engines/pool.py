"""The workers of one server. Each runs the requests of one statement at a time, and then of another."""

import threading
import time
from collections.abc import Hashable
from contextlib import suppress

from structlog.typing import FilteringBoundLogger

from flight_server.engines.forking import FORKING
from flight_server.engines.lease import Lease, check_client
from flight_server.engines.memory import Bounds, too_much_memory
from flight_server.engines.process import EngineProcess
from flight_server.engines.requests import Request, Setup
from lakehouse.query.deadline import POLL_SECONDS

KEPT = 2  # workers that stay although nobody uses them
IDLE_SECONDS = 60.0
MEMORY_SECONDS = 0.02  # between two looks at the memory of running statements


class Pool:
    """At most `most` workers, and a thread that ends those that nobody uses or that need too much memory."""

    def __init__(self, setup: Setup, bounds: Bounds, most: int, log: FilteringBoundLogger) -> None:
        self._setup = setup
        self._bounds = bounds
        self._most = most
        self._log = log
        self._processes: list[EngineProcess] = []  # the most recently used last
        self._starting = 0
        self._closed = False
        self._changed = threading.Condition()
        self._busy = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="engines", daemon=True)
        self._thread.start()
        FORKING.start()

    def request(self, request: Request, key: Hashable = None) -> Lease:
        """Start a request in a worker; requests with the same key, unless it is None, share a worker.

        Waits for a free worker while the client waits; raises Cancelled.
        """
        process = self._acquire(request.query.text, key)
        return Lease(process, request, lambda: self._release(process))

    def close(self) -> None:
        """End all workers."""
        self._closed = True
        self._busy.set()
        self._thread.join()
        for process in self._processes:
            process.end()

    def _acquire(self, text: str, key: Hashable) -> EngineProcess:
        with self._changed:
            while True:
                process = self._sharing(key) or self._idle(text)
                if process:
                    self._use(process, text, key)
                    return process
                if len(self._processes) + self._starting < self._most:
                    break
                self._changed.wait(POLL_SECONDS)
                check_client()
            self._starting += 1
        return self._start(text, key)

    def _start(self, text: str, key: Hashable) -> EngineProcess:
        process = None
        try:
            process = EngineProcess(self._setup)
        finally:
            with self._changed:
                self._starting -= 1
                if process:
                    self._processes.append(process)
                    self._use(process, text, key)
        return process

    def _sharing(self, key: Hashable) -> EngineProcess | None:
        same = (process for process in self._processes if process.requests and process.key == key)
        return None if key is None else next(same, None)

    def _idle(self, text: str) -> EngineProcess | None:
        """Return a free worker, if possible one that has compiled this text, else the one used last."""
        idle = [process for process in self._processes if not process.requests and process.is_alive]
        return next((process for process in idle if process.text == text), idle[-1] if idle else None)

    def _use(self, process: EngineProcess, text: str, key: Hashable) -> None:
        process.requests, process.text, process.key = process.requests + 1, text, key
        self._busy.set()

    def _release(self, process: EngineProcess) -> None:
        with self._changed:
            process.requests -= 1
            process.idle_since = time.monotonic()
            if not process.requests:
                self._processes.remove(process)
                self._processes.append(process)
            self._changed.notify()

    def _supervise(self) -> None:
        """Look at the memory often while statements run, else once a second; the end of a process takes time."""
        while not self._closed:
            self._busy.wait(IDLE_SECONDS / 60)
            time.sleep(MEMORY_SECONDS)
            with self._changed:
                self._limit_memory()
                unwanted = self._take_unwanted()
                if not any(process.requests for process in self._processes):
                    self._busy.clear()
            for process in unwanted:
                process.end()

    def _limit_memory(self) -> None:
        """Kill each worker whose statement needs too much, then idle and large ones while all need too much."""
        used = {process: process.memory for process in self._processes if not process.killed}
        for process in [process for process, memory in used.items() if memory > self._bounds.statement]:
            self._kill(process, used.pop(process), self._bounds.statement)
        for process in sorted(used, key=lambda process: (process.requests > 0, -used[process])):
            if sum(used.values()) > self._bounds.total:
                self._kill(process, used.pop(process), self._bounds.total)

    def _kill(self, process: EngineProcess, memory: int, limit: int) -> None:
        process.kill(too_much_memory(limit))
        if process.requests:
            with suppress(OSError, ValueError):
                self._log.warning("statement_out_of_memory", process=process.id, bytes=memory, limit=limit)

    def _take_unwanted(self) -> list[EngineProcess]:
        """Remove and return the idle workers that have died, hold much memory, or were not used for long."""
        idle = [process for process in self._processes if not process.requests]
        since = time.monotonic() - IDLE_SECONDS
        old = [process for process in idle[:-KEPT] if process.idle_since < since]
        unwanted = [process for process in idle if process in old or not process.is_alive or self._is_large(process)]
        for process in unwanted:
            self._processes.remove(process)
        return unwanted

    def _is_large(self, process: EngineProcess) -> bool:
        return process.memory > self._bounds.statement / 2
