"""`srcql diff`: what changed between two commits, runs or environments, and whether a pipeline may go on."""

import os
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .query import opened
from .target import Server, Warehouse, connect

WIDTH = 100  # where there is no terminal to ask, as in the log of a pipeline


class Report(StrEnum):
    """How the report is written."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    JSON = "json"
    JUNIT = "junit"


class FailOn(StrEnum):
    """What must not be found."""

    REGRESSION = "regression"
    CHANGED = "changed"
    FLAKY = "flaky"


def diff(
    to: Annotated[str, typer.Option(metavar="B", help="What it is compared with.")],
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="What follows FROM: data_set[.problem], … and shared clauses.")
    ] = "*",
    commit: Annotated[str | None, typer.Option(metavar="A", help="Compare two commits.")] = None,
    run: Annotated[str | None, typer.Option(metavar="A", help="Compare two runs.")] = None,
    environment: Annotated[str | None, typer.Option(metavar="A", help="Compare two environments.")] = None,
    against: Annotated[
        str | None, typer.Option(metavar="REFERENCE", help="What changes are worth: specified, oracle, …")
    ] = None,
    noise: Annotated[
        str | None, typer.Option(metavar="C", help="A repeat of A: cells that differ there are out.")
    ] = None,
    fail_on: Annotated[list[FailOn] | None, typer.Option(help="End with 1 when there is any; repeatable.")] = None,
    format: Annotated[Report, typer.Option(help="How the report is written.")] = Report.TERMINAL,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="A file for the report, instead of the screen."),
    ] = None,
    server: Server = None,
    warehouse: Warehouse = None,
) -> None:
    """Report what changed from A to B, and fail when it must not have."""
    ends = {"commit": commit, "run": run, "environment": environment}
    given = [(axis, before) for axis, before in ends.items() if before is not None]
    if len(given) != 1:
        found = "several are given" if given else "none is given"
        raise typer.BadParameter(f"name one: {found}", param_hint="--commit, --run or --environment")
    if FailOn.REGRESSION in (fail_on or ()) and against is None:
        problem = "only beside a reference is there a regression: name it by --against, as in --against specified"
        raise typer.BadParameter(problem, param_hint="--fail-on regression")
    if not source.strip():
        raise typer.BadParameter("it is empty; without it everything is compared", param_hint="FROM")
    _check_text(to, source, against, noise, *(before for _, before in given))
    with connect(server, warehouse) as lakehouse:
        from ..reports import FORMATS, Comparison, Question, verdict

        unique = tuple(dict.fromkeys(str(kind) for kind in fail_on or ()))
        (axis, before) = given[0]
        write, shown = FORMATS[format]
        comparison = Comparison(lakehouse, Question(axis, before, to, source, against, noise, unique), shown)
        judged = verdict(comparison)
        with opened(output) as out:
            write(comparison, judged, out, shutil.get_terminal_size((WIDTH, 24)).columns, _colours(output))
    if output is not None or format is not Report.TERMINAL:
        print(judged, file=sys.stderr)
    if judged.failed:
        raise typer.Exit(1)


def _check_text(*texts: str | None) -> None:
    """Refuse what is not UTF-8: a shell hands on whatever bytes it is given."""
    try:
        for text in texts:
            (text or "").encode()
    except UnicodeError:
        raise typer.BadParameter("an argument is not UTF-8") from None


def _colours(output: Path | None) -> bool | None:
    """Whether there is a terminal; else None, and the environment says it (FORCE_COLOR, NO_COLOR)."""
    return True if output is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ else None
