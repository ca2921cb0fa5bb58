"""`srcql user`: manage a users file."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from ..extras import extra

app = typer.Typer(help="Manage the users of a server.", no_args_is_help=True, rich_markup_mode=None)
File = Annotated[
    Path, typer.Option("--users", metavar="FILE", envvar="SRCQL_USERS", help="Users file; or set SRCQL_USERS.")
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the user.")]


@app.command()
def add(
    name: Name,
    users: File,
    role: Annotated[
        str, typer.Option(help="read, write (reads and ingests) or admin (also adds columns to tables).")
    ] = "read",
    data_set: Annotated[
        list[str] | None,
        typer.Option("--data-set", metavar="D", help="Grant only this data set; repeatable. Default: all data sets."),
    ] = None,
    token: Annotated[bool, typer.Option("--token", help="Create and print a token instead of a password.")] = False,
) -> None:
    """Add a user with a password or a token.

    Asks for the password on a terminal; otherwise reads it from the first line of standard input. A token is printed
    once and cannot be shown again.
    """
    if not all(name.strip() for name in data_set or ()):
        raise typer.BadParameter("expected the name of a data set, found an empty text", param_hint="--data-set")
    file = _users_file()
    granted = frozenset(data_set) if data_set else None
    user = file.User(name, role, granted)  # rejects an invalid user before the prompt for a password
    if token:
        user, shown = user.with_new_token()
        file.add(users, user)
        print(shown)
    else:
        file.add(users, user.with_password(_password(name)))


@app.command()
def remove(name: Name, users: File) -> None:
    """Remove a user; running servers reject the user from the next call on."""
    _users_file().remove(users, name)


@app.command("list")
def list_(users: File) -> None:
    """List users, their roles, granted data sets and kind of credential."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("user", "role", "data sets", "credential", box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for user in _users_file().read(users).by_name.values():
        granted = "all" if user.data_sets is None else ", ".join(sorted(user.data_sets))
        table.add_row(user.name, user.role, granted, "token" if user.token else "password")
    Console(highlight=False, markup=False).print(table)


def _users_file() -> ModuleType:
    with extra("server", "a users file"):
        from flight_server.access import users
    return users


def _password(name: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")
