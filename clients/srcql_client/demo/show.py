"""The demo itself: run, keep, ask, and say in a line what is seen."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from .. import formats
from ..connection import Connection, connect
from ..extras import extra
from . import observe
from .problems import PROBLEMS

DATA_SET = "demo"

QUESTIONS = (
    (
        "What does the same test do to different code?",
        f"""SELECT implementation_id, inputs, output, source_code
FROM (SLICE FROM {DATA_SET}.median WHERE test_id = 'even'
        AND implementation_id IN ('standard_library', 'upper_middle', 'whole_numbers_only') WITH CODE)""",
        "One call, three answers. Every response is kept beside the code that gave it.",
    ),
    (
        "Which implementations behave alike on all tests?",
        f"""SELECT problem_id, cluster_id, size, is_largest, implementations
FROM (CLUSTER FROM {DATA_SET})""",
        "Nobody said what is right. Those that are right agree; each mistake is a mistake of its own.",
    ),
    (
        "A verb is a query like any other: plain SQL over clusters.",
        f"""SELECT problem_id, count(*) AS behaviours, sum(size) AS implementations, max(share) AS largest_share
FROM (CLUSTER FROM {DATA_SET}) GROUP BY problem_id ORDER BY problem_id""",
        "How much do they disagree? Where the largest share is small, trust nobody yet.",
    ),
    (
        "And who does not even agree with itself?",
        f"""SELECT problem_id, implementation_id, count(*) AS unsteady_responses
FROM (FROM observations WHERE data_set_id = '{DATA_SET}'
      GROUP BY problem_id, implementation_id, test_id, step_id HAVING count(DISTINCT output) > 1
      SELECT problem_id, implementation_id)
GROUP BY ALL ORDER BY ALL""",
        "Every test ran twice. This one answered otherwise the second time: it is flaky.",
    ),
)


def run(warehouse: str | None) -> None:
    """Run the implementations, stream what they did to a server, ask about it over the wire, and print it.

    The warehouse is temporary when no folder is given. Raises StoreError where the server's packages are missing.
    """
    console = Console(highlight=False)
    console.print("[bold]Run programs, keep what they did, ask about it.[/bold]\n")
    with _folder(warehouse) as folder, _server(folder) as uri, connect(uri) as lakehouse:
        _observe(console, lakehouse, uri)
        for question, text, answer in QUESTIONS:
            _ask(console, lakehouse, question, text, answer)
    _what_next(console, warehouse)


@contextmanager
def _folder(warehouse: str | None) -> Iterator[str]:
    if warehouse is not None:
        yield warehouse
        return
    with tempfile.TemporaryDirectory(prefix="srcql-demo-") as folder:
        yield str(Path(folder) / "warehouse")


@contextmanager
def _server(warehouse: str) -> Iterator[str]:
    """The URI of a server on a free port, which ends with the block."""
    with extra("server", "the demo"):
        from flight_server.server import Server
        from flight_server.settings import Settings
    with Server(Settings(warehouse=warehouse)) as server:
        yield server.uri


def _observe(console: Console, lakehouse: Connection, uri: str) -> None:
    """Run everything twice, and send it: observations, sources and tests."""
    run_id = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    started = time.perf_counter()
    runs = [observe.observations(each, DATA_SET, f"{run_id}-{n}") for n in (1, 2) for each in PROBLEMS]
    seconds = time.perf_counter() - started
    implementations = sum(len(each.implementations) for each in PROBLEMS)
    tests = sum(len(each.tests) for each in PROBLEMS)
    responses = sum(len(rows) for rows in runs)
    console.print(
        f"[green]run[/green]   {len(PROBLEMS)} problems, {implementations} implementations, {tests} tests, "
        f"each twice: {responses:,} responses in {seconds:.1f} s"
    )
    receipt = lakehouse.ingest("observations", runs)
    lakehouse.ingest("code_implementations", [observe.code(each, DATA_SET) for each in PROBLEMS])
    lakehouse.ingest("tests", [observe.tests(each, DATA_SET) for each in PROBLEMS])
    console.print(f"[green]keep[/green]  {receipt.rows:,} rows acknowledged by {uri} (Arrow Flight, DoPut)\n")


def _ask(console: Console, lakehouse: Connection, question: str, text: str, answer: str) -> None:
    console.print(f"[green]ask[/green]   [bold]{question}[/bold]")
    console.print(Padding(Text(text, style="cyan"), (0, 0, 1, 6)))
    found: pa.Table = lakehouse.query(text)
    table = formats.rich_table(found.schema, formats.records(found.to_batches()))
    console.print(Padding(table, (0, 0, 1, 6)))
    console.print(Padding(Text(answer, style="italic"), (0, 0, 1, 6)))


def _what_next(console: Console, warehouse: str | None) -> None:
    folder = warehouse or "W"
    console.print("[bold]Next[/bold]")
    if warehouse is None:
        console.print(f"  srcql demo --warehouse {folder}        the same, kept in a folder", markup=False)
    console.print(f'  srcql query "CLUSTER FROM {DATA_SET}.lru_cache" --warehouse {folder}', markup=False)
    console.print(
        f"  srcql serve --warehouse {folder}       for any Flight SQL client: ADBC, JDBC, BI tools", markup=False
    )
