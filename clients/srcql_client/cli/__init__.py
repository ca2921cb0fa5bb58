"""The command line `srcql`: one file for each command, and nothing heavy is imported before a command needs it."""

import sys
import traceback
from pathlib import Path

import typer

from srcql.errors import SrcqlError

from . import demo, diff, importing, query, serve, status, user

app = typer.Typer(
    name="srcql",
    help="Ask what programs did: a query language and a lakehouse for observed behaviour.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(serve.serve)
app.command()(query.query)
app.command()(diff.diff)
app.add_typer(importing.app, name="import")
app.command()(demo.demo)
app.command()(status.status)
app.add_typer(user.app, name="user")


def main() -> None:
    """Run the command line: exit code 0, 1 for an error that the user can mend, 2 for wrong usage."""
    try:
        app()
    except (SrcqlError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        print(f"internal error: {type(error).__name__}: {error} ({_place(error)})", file=sys.stderr)
        print("  hint: this is a fault of srcql; please report it with the command", file=sys.stderr)
        sys.exit(1)


def _place(error: Exception) -> str:
    """File and line in which an error arose."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}, line {frame.lineno}"
