"""Print the measurements as Markdown tables; times are milliseconds."""

from typing import Any

from rich import box
from rich.console import Console, Group
from rich.table import Table

SIDES = {
    "ours": "in process",
    "wire": "through ADBC",
    "prior": "prior art's method",
    "floor": "floor: scan of the same columns",
    "prior floor": "floor of the prior art's files",
}
TABLES = ("observations", "code_implementations", "tests", "metadata")


def show(found: dict[str, Any], console: Console) -> None:
    """Print the tables."""
    data, machine = found["data"], found["machine"]
    for facts in (machine, data):
        words = ", ".join(f"{name} {value}" for name, value in facts.items())
        console.print(words, highlight=False, soft_wrap=True)
    console.print(Group(_ingest(found["ingest"]), _bytes(found["bytes"])))
    console.print(Group(_problem(found["problem"]), _all(found["all"]), _commit(found["commit"])))
    console.print(Group(_verbs(found["verbs"]), _compile(found["compile"])))


def _table(*columns: str, texts: int = 1) -> Table:
    table = Table(*columns, box=box.MARKDOWN)
    for column in table.columns[texts:]:
        column.justify = "right"
    return table


def _ratio(ours: float, prior: float) -> str:
    return f"{ours / prior:.2f}"


def _ingest(found: dict[str, float]) -> Table:
    table = _table("ingest", "side", "rows/s", "ours/prior (more is better)", texts=2)
    for side in ("ours", "wire", "prior"):
        table.add_row("observations", SIDES[side], f"{found[side]:,.0f}", _ratio(found[side], found["prior"]))
    return table


def _bytes(found: dict[str, dict[str, int]]) -> Table:
    table = _table("bytes on disk", "ours", "prior", "ours/prior (less is better)")
    for name in TABLES:
        ours, prior = found["ours"][name], found["prior"][name]
        table.add_row(name, f"{ours:,}", f"{prior:,}", _ratio(ours, prior))
    return table


def _problem(found: dict[str, dict[str, dict[str, float]]]) -> Table:
    table = _table("of one problem", "side", "median", "mean", "max", "ours/prior (less is better)", texts=2)
    for question, sides in found.items():
        for side, name in SIDES.items():
            times = [f"{sides[side][statistic]:.2f}" for statistic in ("median", "mean", "max")]
            table.add_row(question, name, *times, _ratio(sides[side]["median"], sides["prior"]["median"]))
    return table


def _all(found: dict[str, dict[str, float]]) -> Table:
    table = _table("of all problems", "side", "time", "ours/prior (less is better)", texts=2)
    for question, sides in found.items():
        for side, name in SIDES.items():
            table.add_row(question, name, f"{sides[side]:.1f}", _ratio(sides[side], sides["prior"]))
    return table


def _verbs(found: dict[str, dict[str, dict[str, float]]]) -> Table:
    table = _table("verb", "one problem", "of its floor", "all problems", "of its floor")
    for verb, asked in found.items():
        times = [asked.get(of) for of in ("one", "all")]
        cells = [(f"{of['ours']:.1f}", _ratio(of["ours"], of["floor"])) if of else ("", "") for of in times]
        table.add_row(verb, *cells[0], *cells[1])
    return table


def _commit(found: dict[str, dict[Any, float]]) -> Table:
    table = _table("commit of 1,000 rows", "ours", "prior", "ours/prior (less is better)")
    for number, ours in found["ours"].items():
        prior = found["prior"].get(number)
        beside = (f"{prior:.1f}", _ratio(ours, prior)) if prior else ("", "")
        table.add_row(f"number {number}", f"{ours:.1f}", *beside)
    return table


def _compile(found: dict[str, dict[str, float]]) -> Table:
    table = _table("before the engine", "median", "99th percentile", "times")
    for name, times in found.items():
        table.add_row(name, f"{times['median']:.3f}", f"{times['p99']:.3f}", f"{times['count']:,.0f}")
    return table
