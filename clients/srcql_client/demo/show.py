"""The demo: run programs, store the observations, query them, and print it all."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from .. import formats
from ..connection import Connection
from ..opening import connect
from . import observe
from .problems import PROBLEMS
from .questions import DATA_SET, Question, questions
from .server import served


def run(warehouse: str | None) -> None:
    """Run the implementations, send the observations to a server, and print queries with their results.

    Without a folder, the warehouse is temporary. Raises StoreError if the server cannot start.
    """
    console = Console(highlight=False)
    is_new = warehouse is not None and not Path(warehouse, "catalog").exists()
    console.print("[bold]Run programs, store what they do, query it.[/bold]\n")
    with _folder(warehouse) as folder, served(folder) as server:
        with console.status("running the programs, and starting a server"):
            runs = _run_all(console)
            uri = server.uri()
        with connect(uri) as lakehouse:
            if is_new:
                console.print(
                    f"[green]create[/green] created warehouse {escape(str(Path(folder).absolute()))}", soft_wrap=True
                )
            with console.status(f"storing what they did, at {uri}"):
                before = _store(console, lakehouse, runs)
            for question in questions(before):
                with console.status("querying"):
                    _query(console, lakehouse, question)
    _what_next(console, warehouse)


@contextmanager
def _folder(warehouse: str | None) -> Iterator[str]:
    if warehouse is not None:
        yield warehouse
        return
    with tempfile.TemporaryDirectory(prefix="srcql-demo-") as folder:
        yield str(Path(folder) / "warehouse")


def _run_all(console: Console) -> list[pa.Table]:
    """Run everything twice."""
    run_id = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    started = time.perf_counter()
    runs = [observe.observations(each, DATA_SET, f"{run_id}-{n}") for n in (1, 2) for each in PROBLEMS]
    seconds = time.perf_counter() - started
    implementations = sum(len(each.implementations) for each in PROBLEMS)
    tests = sum(len(each.tests) for each in PROBLEMS)
    console.print(
        f"[green]run[/green]    {len(PROBLEMS)} problems, {implementations} implementations, {tests} tests, twice: "
        f"{sum(map(len, runs)):,} responses in {seconds:.1f} s"
    )
    return runs


def _store(console: Console, lakehouse: Connection, runs: list[pa.Table]) -> int:
    """Ingest everything, and return the snapshot of the first batch, which holds two tests of each problem."""
    lakehouse.ingest("code_implementations", [observe.implementations(each, DATA_SET) for each in PROBLEMS])
    lakehouse.ingest("tests", [observe.tests(each, DATA_SET) for each in PROBLEMS])
    lakehouse.ingest("observations", observe.specified(PROBLEMS, DATA_SET, runs[0]["run_id"][0].as_py()))
    observed = pa.concat_tables(runs)
    is_early = pc.is_in(observed["test_id"], pa.array([test for each in PROBLEMS for test in list(each.tests)[:2]]))
    early = lakehouse.ingest("observations", observed.filter(is_early))
    late = lakehouse.ingest("observations", observed.filter(pc.invert(is_early)))
    rows = f"{early.rows:,} + {late.rows:,} rows acknowledged by {lakehouse.location}"
    console.print(f"[green]store[/green]  {rows} (Arrow Flight)\n")
    return early.snapshot_id


def _query(console: Console, lakehouse: Connection, question: Question) -> None:
    console.print(f"[green]query[/green]  [bold]{question.title}[/bold]")
    console.print(Padding(Text(question.query, style="cyan"), (0, 0, 1, 2), expand=False))
    rows = lakehouse.query(question.query)
    table = formats.rich_table(rows.schema, formats.records(rows.to_batches()))
    console.print(Padding(table, (0, 0, 1, 2), expand=False))
    console.print(Padding(Text(question.conclusion, style="italic"), (0, 0, 1, 2), expand=False))


def _what_next(console: Console, warehouse: str | None) -> None:
    folder = warehouse or "W"
    again = [] if warehouse else [("srcql demo --warehouse W", "keep the observations in the folder W")]
    steps = [
        *again,
        (f'srcql query "CLUSTER FROM {DATA_SET}.lru_cache" --warehouse {folder}', "run your own query"),
        (f"srcql serve --warehouse {folder}", "serve them to any Flight SQL client"),
    ]
    console.print("[bold]next[/bold]")
    for command, purpose in steps:
        console.print(f"  [cyan]{command}[/cyan]", f" {purpose}")
