"""A worker: a process that answers the requests of one statement at a time with its own engine.

The main thread reads the control channel; each request has a channel and a thread of its own. The server ends the
process when a statement cannot be interrupted or needs too much memory.
"""

import ctypes
import os
import signal
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from flight_server.engines.channel import Channel
from flight_server.engines.requests import (
    End,
    Failure,
    MakePlan,
    Plan,
    Prepare,
    Query,
    Ready,
    Request,
    Run,
    Setup,
    Signature,
)
from flight_server.executions import execute, result_schema
from flight_server.results import wire_batches, wire_schema
from lakehouse.engine import Engine, Prepared
from lakehouse.query.deadline import client_cancelled
from lakehouse.query.results import Result
from lakehouse.snapshots.parts import parts_of
from lakehouse.warehouse import open_warehouse
from srcql.errors import ExecutionError, SrcqlError

PR_SET_PDEATHSIG = 1
OUT_OF_MEMORY = "the statement exceeds the memory limit of the lakehouse"
FIRST_TO_KILL = "1000"  # to the kernel, when the machine has no memory left


def run_worker(control: Channel, folder: str, parent: int) -> NoReturn:
    """Open the warehouse that the server names, and answer its requests until it closes the channel.

    `folder` is for data that DuckDB cannot hold in memory, `parent` the process without which this one must end.
    """
    try:
        _depend_on(parent)
        setup: Setup = control.receive()
        os.chdir(setup.folder)
        _work(control, setup, folder)
    except (EOFError, ConnectionError):
        pass
    except SrcqlError as error:
        control.send(Failure(error))
    except BaseException:
        control.send(Failure(traceback.format_exc()))
    finally:
        os._exit(0)


def _depend_on(parent: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_KILL)


def _work(control: Channel, setup: Setup, folder: str) -> None:
    with (
        open_warehouse(setup.location, create=False, catalog=setup.catalog, durable=setup.durable) as warehouse,
        Engine(warehouse, threads=setup.threads, memory_limit=f"{setup.memory} bytes", spill_folder=folder) as engine,
    ):
        control.send(Ready())
        Worker(engine).run(control)


class Running:
    """One request that runs: whether the server has interrupted it, and the result that it reads."""

    def __init__(self) -> None:
        self.interrupted = False
        self.result: Result | None = None

    def interrupt(self) -> None:
        """Interrupt what runs, and what would run later."""
        self.interrupted = True
        if self.result:
            self.result.interrupt(wait=False)


class Worker:
    """The running requests of one process by number."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._running: dict[int, Running] = {}

    def run(self, control: Channel) -> None:
        """Listen on further channels, and interrupt requests, as the server says."""
        while True:
            message, channel = control.receive_passed()
            if channel:
                threading.Thread(target=self._listen, args=(channel,), daemon=True).start()
            elif running := self._running.get(message.number):
                running.interrupt()

    def _listen(self, channel: Channel) -> None:
        with channel, suppress(EOFError, ConnectionError):
            while True:
                number, request = channel.receive()
                self._answer(number, request, channel)

    def _answer(self, number: int, request: Request, channel: Channel) -> None:
        running = self._running[number] = Running()
        client_cancelled.set(lambda: running.interrupted)
        try:
            HANDLERS[type(request)](self._engine, request, channel, running)
        except SrcqlError as error:
            channel.send(Failure(error))
        except MemoryError:
            channel.send(Failure(ExecutionError(OUT_OF_MEMORY)))
        except ConnectionError:
            raise
        except Exception:
            channel.send(Failure(traceback.format_exc()))
        finally:
            del self._running[number]


def _prepared(engine: Engine, query: Query) -> Prepared:
    if query.held is not None and query.ids is not None:
        engine.planner.adopt(query.ids, query.held)
    return engine.prepare(
        query.text, query.grant, ids=query.ids, part=query.part, equality=query.equality, seconds=query.seconds
    )


def _prepare(engine: Engine, request: Prepare, channel: Channel, _: Running) -> None:
    statement = _prepared(engine, request.query)
    channel.send(Signature(statement.schema, statement.parameter_schema()))


def _plan(engine: Engine, request: MakePlan, channel: Channel, _: Running) -> None:
    statement = _prepared(engine, request.query)
    parts = parts_of(statement.snapshot, statement.partitionable, request.rows, request.most)
    schema = result_schema(statement, request.values)
    channel.send(Plan(tuple(statement.snapshot.ids.values()), schema, parts))


def _run(engine: Engine, request: Run, channel: Channel, running: Running) -> None:
    with execute(_prepared(engine, request.query), request.values) as result:
        running.result = result
        schema = wire_schema(result.schema, request.string_views)
        channel.send(schema)
        if running.interrupted:
            running.interrupt()
        for batch in wire_batches(result.batches(), schema):
            channel.send_batch(batch)
        channel.send(End())


HANDLERS: dict[type[Request], Callable[[Engine, Any, Channel, Running], None]] = {
    Prepare: _prepare,
    MakePlan: _plan,
    Run: _run,
}
