"""The server's end of the fork server; one for the whole process, as it is the same for all servers."""

import atexit
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any, cast

from flight_server.engines.channel import Channel

CODE = """
import json, sys
sys.path[:] = json.loads(sys.argv[2])
from flight_server.engines.fork_server import main
main(int(sys.argv[1]))
"""
# A process with threads cannot be forked safely; Arrow and OpenBLAS start some when they are imported.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}


class Forking:
    """Starts and reaps workers. It starts the fork server when it is first needed, and again if that has died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None

    def start(self) -> None:
        """Begin to start the fork server, which takes seconds; without it the first `fork` waits for them."""
        with self._lock:
            self._connected()

    def fork(self, control: Channel) -> int:
        """Start a worker that is controlled by this channel, which is closed here; return its process id."""
        with self._lock:
            return int(self._request(None, control))

    def reap(self, process: int) -> int | None:
        """End a worker; return its exit code as `subprocess` does, None if its fork server has died."""
        with self._lock, suppress(EOFError, OSError):
            return cast("int | None", self._request(process))
        return None

    def close(self) -> None:
        """End the fork server and its workers."""
        with self._lock:
            self._end()

    def _request(self, request: int | None, passed: Channel | None = None) -> Any:
        channel = self._connected()
        channel.send(request, passed)
        return channel.receive()

    def _connected(self) -> Channel:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._channel, other = Channel.pair()
            with other:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", CODE, str(other.fileno()), json.dumps(sys.path)],
                    pass_fds=[other.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env={**os.environ, **ONE_THREAD},
                )
        assert self._channel is not None
        return self._channel

    def _end(self) -> None:
        if self._channel:
            self._channel.close()
        if self._process:
            self._process.wait()
        self._process = self._channel = None


FORKING = Forking()
atexit.register(FORKING.close)
