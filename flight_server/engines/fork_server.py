"""The fork server: a process of one thread that has imported what a worker needs, and forks the workers.

A fork takes milliseconds and shares the memory of the imports. The server itself has threads and cannot be forked
safely. The fork server ends when its connection to the server does, also after a SIGKILL of the server, and with it
all workers.
"""

import gc
import os
import shutil
import signal
import tempfile
from typing import NoReturn

from flight_server.engines.channel import Channel
from flight_server.engines.worker import run_worker
from srcql.compiler import compile
from srcql.resolver import STANDALONE


class Children:
    """The workers that are not yet reaped, each with its folder for what DuckDB cannot hold in memory."""

    def __init__(self, server: Channel) -> None:
        self._server = server
        self._folders: dict[int, str] = {}

    def run(self) -> None:
        """Answer the requests: a channel forks a worker on it and returns its id, an id reaps that worker."""
        try:
            while True:
                request, control = self._server.receive_passed()
                self._server.send(self._fork(control) if control else self._reap(request))
        except (EOFError, OSError):
            for process in list(self._folders):
                self._reap(process)

    def _fork(self, control: Channel) -> int:
        folder, parent = tempfile.mkdtemp(prefix="srcql-engine-"), os.getpid()
        process = os.fork()
        if not process:
            self._server.close()
            run_worker(control, folder, parent)
        control.close()
        self._folders[process] = folder
        return process

    def _reap(self, process: int) -> int | None:
        """End a worker and return its exit code (a negative number: the signal that ended it); None if it is not ours.

        The worker of an earlier fork server ended with that.
        """
        if process not in self._folders:
            return None
        os.kill(process, signal.SIGKILL)
        status = os.waitpid(process, 0)[1]
        shutil.rmtree(self._folders.pop(process), ignore_errors=True)
        return os.waitstatus_to_exitcode(status)


def main(descriptor: int) -> NoReturn:
    """Fork workers until the server closes the channel."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the server ends its workers, after it has drained
    compile("SELECT 1 FROM (CLUSTER FROM d)", STANDALONE)  # builds the tables of the parser, once for all workers
    gc.freeze()
    with Channel.of(descriptor) as server:
        Children(server).run()
    os._exit(0)
