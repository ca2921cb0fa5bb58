"""The command line `srcql`: one file for each command. A command imports heavy packages on use."""

import os
import sys
import traceback
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from srcql.environment import CLIENT_VARIABLES, PREFIX, unknown_variables
from srcql.errors import SrcqlError
from srcql.os_errors import os_error

from . import demo, diff, importing, maintain, query, relocate, restore, serve, status, user

app = typer.Typer(
    name="srcql",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"srcql {version('srcql')}")
        raise typer.Exit


@app.callback()
def options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Query and fill a lakehouse of observed program behaviour."""


app.command()(serve.serve)
app.command()(query.query)
app.command()(diff.diff)
app.add_typer(importing.app, name="import")
app.command()(demo.demo)
app.command()(status.status)
app.command()(maintain.maintain)
app.command()(restore.restore)
app.command()(relocate.relocate)
app.add_typer(user.app, name="user")


def main() -> None:
    """Run the command line; exit with 0, with 1 for an error that the user can fix, or with 2 for wrong usage."""
    try:
        _warn_of_unknown_variables()
        app()
    except SrcqlError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        place = error.filename or error.filename2
        print(os_error(SrcqlError, f"{place} failed" if place else "the command failed", error), file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        print(f"internal error: {type(error).__name__}: {error} ({_place(error)})", file=sys.stderr)
        print("  hint: this is a bug in srcql; report it with the command that you ran", file=sys.stderr)
        sys.exit(1)


def _warn_of_unknown_variables() -> None:
    if any(name.startswith(PREFIX) for name in os.environ.keys() - CLIENT_VARIABLES):
        with suppress(ImportError):  # the base package has no server
            from flight_server.settings import Settings

            for warning in unknown_variables(Settings.variables()):
                print(warning, file=sys.stderr)


def _place(error: Exception) -> str:
    """Return the file and line that raised an error."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}, line {frame.lineno}"
