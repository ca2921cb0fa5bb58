"""The demo itself: run, keep, ask, and say in a line what is seen."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from .. import formats
from ..connection import Connection, connect
from . import observe
from .problems import PROBLEMS
from .questions import DATA_SET, Question, questions
from .server import served


def run(warehouse: str | None) -> None:
    """Run the implementations, stream what they did to a server, ask about it over the wire, and print it.

    The warehouse is temporary when no folder is given. Raises StoreError where a server cannot start.
    """
    console = Console(highlight=False)
    console.print("[bold]Run programs, keep what they did, ask about it.[/bold]\n")
    with _folder(warehouse) as folder, served(folder) as server:
        runs = _run_all(console)
        with connect(server.uri()) as lakehouse:
            before = _keep(console, lakehouse, runs)
            for question in questions(before):
                _ask(console, lakehouse, question)
    _what_next(console, warehouse)


@contextmanager
def _folder(warehouse: str | None) -> Iterator[str]:
    if warehouse is not None:
        yield warehouse
        return
    with tempfile.TemporaryDirectory(prefix="srcql-demo-") as folder:
        yield str(Path(folder) / "warehouse")


def _run_all(console: Console) -> list[pa.Table]:
    """Everything, twice."""
    run_id = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    started = time.perf_counter()
    runs = [observe.observations(each, DATA_SET, f"{run_id}-{n}") for n in (1, 2) for each in PROBLEMS]
    seconds = time.perf_counter() - started
    implementations = sum(len(each.implementations) for each in PROBLEMS)
    tests = sum(len(each.tests) for each in PROBLEMS)
    console.print(
        f"[green]run[/green]   {len(PROBLEMS)} problems, {implementations} implementations, {tests} tests, twice: "
        f"{sum(map(len, runs)):,} responses in {seconds:.1f} s"
    )
    return runs


def _keep(console: Console, lakehouse: Connection, runs: list[pa.Table]) -> int:
    """All of it, the observations in two batches; the snapshot of the first, which holds two tests of each problem."""
    lakehouse.ingest("code_implementations", [observe.code(each, DATA_SET) for each in PROBLEMS])
    lakehouse.ingest("tests", [observe.tests(each, DATA_SET) for each in PROBLEMS])
    lakehouse.ingest("observations", observe.specified(PROBLEMS, DATA_SET, runs[0]["run_id"][0].as_py()))
    observed = pa.concat_tables(runs)
    is_early = pc.is_in(observed["test_id"], pa.array([test for each in PROBLEMS for test in list(each.tests)[:2]]))
    early = lakehouse.ingest("observations", observed.filter(is_early))
    late = lakehouse.ingest("observations", observed.filter(pc.invert(is_early)))
    rows = f"{early.rows:,} + {late.rows:,} rows acknowledged by {lakehouse.location}"
    console.print(f"[green]keep[/green]  {rows} (Arrow Flight)\n")
    return early.snapshot_id


def _ask(console: Console, lakehouse: Connection, question: Question) -> None:
    console.print(f"[green]ask[/green]   [bold]{question.words}[/bold]")
    console.print(Padding(Text(question.text, style="cyan"), (0, 0, 1, 2), expand=False))
    found = lakehouse.query(question.text)
    table = formats.rich_table(found.schema, formats.records(found.to_batches()))
    console.print(Padding(table, (0, 0, 1, 2), expand=False))
    console.print(Padding(Text(question.moral, style="italic"), (0, 0, 1, 2), expand=False))


def _what_next(console: Console, warehouse: str | None) -> None:
    folder = warehouse or "W"
    again = [] if warehouse else [("srcql demo --warehouse W", "the same, kept in the folder W")]
    steps = [
        *again,
        (f'srcql query "CLUSTER FROM {DATA_SET}.lru_cache" --warehouse {folder}', "ask it yourself"),
        (f"srcql serve --warehouse {folder}", "for any client of Flight SQL"),
    ]
    console.print("[bold]next[/bold]")
    for command, why in steps:
        console.print(f"  [cyan]{command}[/cyan]", f" {why}")
