"""The option `--output`, and the file or the standard output that it names."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Annotated

import typer

from srcql.os_errors import reason

Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead of standard output."),
]


@contextmanager
def open_output(output: Path | None) -> Iterator[IO[bytes]]:
    """Open the file, or standard output; an error in the block removes the incomplete file."""
    if output is None:
        try:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # The reader of the pipe is gone; without this, Python flushes into it at exit and fails.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    try:
        file = output.open("wb")
    except OSError as error:
        raise typer.BadParameter(f"{output} cannot be written: {reason(error)}", param_hint="--output") from None
    try:
        with file:
            yield file
    except BaseException:
        if output.is_file():
            with suppress(OSError):
                output.unlink()
        raise
