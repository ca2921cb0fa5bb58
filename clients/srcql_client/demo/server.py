"""A server for the duration of a block."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from srcql.environment import PREFIX
from srcql.errors import StoreError


@contextmanager
def served(warehouse: str) -> Iterator["Starting"]:
    """Start a server of the warehouse on a free port, in a process that ends with the block."""
    command = [sys.executable, "-m", "srcql_client.cli", "serve", "--warehouse", warehouse]
    command += ["--listen", "grpc://127.0.0.1:0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment) as process,
    ):
        try:
            yield Starting(process, log)
        finally:
            process.terminate()


class Starting:
    """A server that is starting."""

    def __init__(self, process: "subprocess.Popen[str]", log: IO[str]) -> None:
        self._process = process
        self._log = log

    def uri(self) -> str:
        """Wait for the server and return its address; raise StoreError with its output if it exits instead."""
        assert self._process.stdout is not None
        if uri := self._process.stdout.readline().strip():
            return uri
        self._process.wait()
        self._log.seek(0)
        raise StoreError(self._log.read().strip() or "the server exited before it listened")
