"""`srcql diff`: changes between two commits, runs or environments, and the gate of a pipeline."""

import os
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .output import Output, open_output
from .target import Server, Warehouse, connect

WIDTH = 100  # without a terminal, as in the log of a pipeline


class Report(StrEnum):
    """The format of the report."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    JSON = "json"
    JUNIT = "junit"


class FailOn(StrEnum):
    """A kind of step that fails the comparison."""

    REGRESSION = "regression"
    CHANGED = "changed"
    FLAKY = "flaky"


def diff(
    to: Annotated[str, typer.Option(metavar="B", help="The commit, run or environment to compare A with.")],
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="What to compare: data_set[.problem], … and shared clauses.")
    ] = "*",
    commit: Annotated[str | None, typer.Option(metavar="A", help="Compare this commit.")] = None,
    run: Annotated[str | None, typer.Option(metavar="A", help="Compare this run.")] = None,
    environment: Annotated[str | None, typer.Option(metavar="A", help="Compare this environment.")] = None,
    against: Annotated[
        str | None, typer.Option(metavar="REFERENCE", help="Judge changes by this reference: specified, oracle, …")
    ] = None,
    noise: Annotated[
        str | None, typer.Option(metavar="C", help="Ignore cells that differ between A and C, a repeat of A.")
    ] = None,
    fail_on: Annotated[
        list[FailOn] | None, typer.Option(help="Exit with 1 if a step of this kind is found; repeatable.")
    ] = None,
    format: Annotated[Report, typer.Option(help="Format of the report.")] = Report.TERMINAL,
    output: Output = None,
    server: Server = None,
    warehouse: Warehouse = None,
) -> None:
    """Compare behaviour at two commits, runs or environments.

    Reports what changed from A to B. With --fail-on, exits with 1 on changes that must not happen.
    """
    axis, before = _axis(commit=commit, run=run, environment=environment)
    if FailOn.REGRESSION in (fail_on or ()) and against is None:
        raise typer.BadParameter(
            "a regression needs a reference; add --against, as in --against specified",
            param_hint="--fail-on regression",
        )
    if not source.strip():
        raise typer.BadParameter("expected a data set, found an empty text; omit it to compare all", param_hint="FROM")
    _check_text(before, to, source, against, noise)
    with connect(server, warehouse) as lakehouse:
        from ..reports import FORMATS, Comparison, Request, full_commit, judge

        if axis == "commit":
            before, to = full_commit(lakehouse, before), full_commit(lakehouse, to)
            noise = noise and full_commit(lakehouse, noise)
        kinds = tuple(dict.fromkeys(str(kind) for kind in fail_on or ()))
        write, selection = FORMATS[format]
        comparison = Comparison(lakehouse, Request(axis, before, to, source, against, noise, kinds), selection)
        verdict = judge(comparison)
        with open_output(output) as out:
            write(comparison, verdict, out, shutil.get_terminal_size((WIDTH, 24)).columns, _colours(output))
    if output is not None or format is not Report.TERMINAL:
        print(verdict, file=sys.stderr)
    if verdict.failed:
        raise typer.Exit(1)


def _axis(**options: str | None) -> tuple[str, str]:
    """Return the name and the value of the only option that is given."""
    given = [(axis, before) for axis, before in options.items() if before is not None]
    if len(given) != 1:
        raise typer.BadParameter(
            f"expected one of these options, found {'several' if given else 'none'}",
            param_hint="--commit, --run or --environment",
        )
    return given[0]


def _check_text(*texts: str | None) -> None:
    """Reject arguments that are not UTF-8; a shell passes any bytes."""
    try:
        for text in texts:
            (text or "").encode()
    except UnicodeError:
        raise typer.BadParameter("an argument is not UTF-8") from None


def _colours(output: Path | None) -> bool | None:
    """Return True for a terminal; otherwise None, and FORCE_COLOR or NO_COLOR decide."""
    return True if output is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ else None
