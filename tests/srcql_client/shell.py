"""The command line in its own process, and the server that it starts."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BARE = {name: value for name, value in os.environ.items() if not name.startswith("SRCQL_")}


@dataclass
class Ended:
    """The output and the exit code of a command."""

    stdout: str
    stderr: str
    returncode: int


def srcql(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "srcql_client.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=BARE | environment, check=False)


@contextmanager
def served(warehouse: Path, listen: str = "grpc://127.0.0.1:0") -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "srcql_client.cli", "serve", "--warehouse", str(warehouse), "--listen", listen]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            uri = process.stdout.readline().strip()
            assert uri  # an empty one would mean the current folder
            yield process, uri
        finally:
            process.kill()


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"grpc://127.0.0.1:{probe.getsockname()[1]}"
