"""`srcql user`: who is let in by the servers of a users file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..extras import extra

if TYPE_CHECKING:
    from types import ModuleType

app = typer.Typer(help="Say who is let in by a server.", no_args_is_help=True, rich_markup_mode=None)
File = Annotated[
    Path, typer.Option("--users", metavar="FILE", envvar="SRCQL_USERS", help="The users file; or set SRCQL_USERS.")
]
Name = Annotated[str, typer.Argument(metavar="NAME")]


@app.command()
def add(
    name: Name,
    users: File,
    role: Annotated[str, typer.Option(help="read, write or admin: each may what those before it may.")] = "read",
    data_set: Annotated[
        list[str] | None, typer.Option("--data-set", metavar="D", help="A granted data set; again for more. Else all.")
    ] = None,
    token: Annotated[bool, typer.Option("--token", help="Print a token, instead of asking for a password.")] = False,
) -> None:
    """Let somebody in.

    The password is asked for; where standard input is no terminal it is its first line. A token is printed once, and
    not kept: whoever has it is let in.
    """
    file = _users_file()
    granted = frozenset(data_set) if data_set else None
    user = file.User(name, role, granted)  # what cannot be is told before a password is asked for
    if token:
        shown = file.new_token()
        file.add(users, file.User(name, role, granted, token=file.token_hash(shown)))
        print(shown)
    else:
        file.add(users, file.User(user.name, role, granted, password=file.hash_password(_password(name))))


@app.command()
def remove(name: Name, users: File) -> None:
    """Let somebody in no more, from the next call on."""
    _users_file().remove(users, name)


@app.command("list")
def list_(users: File) -> None:
    """Show who is let in, to what, and by what."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("user", "role", "data sets", "by", box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for user in _users_file().read(users).by_name.values():
        granted = "all" if user.data_sets is None else ", ".join(sorted(user.data_sets))
        table.add_row(user.name, user.role, granted, "token" if user.token else "password")
    Console(highlight=False, markup=False).print(table)


def _users_file() -> "ModuleType":
    with extra("server", "a users file"):
        from flight_server.access import users
    return users


def _password(name: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")
