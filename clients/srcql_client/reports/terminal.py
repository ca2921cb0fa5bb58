"""The report for a terminal: cells that differ by problem, the counts, and the verdict on the last line."""

import io
from typing import IO

from rich.console import Console
from rich.text import Text

from ..formats import counted
from .comparison import Cell, Comparison, Counts, Step
from .escaping import join_responses, multi_line, one_line, shorten, shorten_pair
from .verdict import Verdict

PROBLEMS, CELLS, STEPS = 20, 5, 3
STYLES = {
    "REGRESSION": "bold red",
    "CHANGED": "red",
    "DRIFT": "red",
    "FIX": "green",
    "ADDED": "green",
    "REMOVED": "yellow",
    "STIMULUS": "yellow",
    "PASSED": "bold green",
    "FAILED": "bold red",
}
_INDENT = " " * 6


def write(comparison: Comparison, verdict: Verdict, out: IO[bytes], width: int, colours: bool | None) -> None:
    """Write the report: long values are shortened, and further problems, cells and steps are counted."""
    text = io.StringIO()
    console = Console(file=text, width=width, force_terminal=colours, highlight=False, soft_wrap=True)
    console.print(Text(multi_line(comparison.request.diff_statement)), "", sep="\n")
    for counts, cells in comparison.most_severe(PROBLEMS):
        console.print(*_problem(counts, cells, width), "", sep="\n")
    left = len(comparison.differing_problems) - PROBLEMS
    if left > 0:
        console.print(f"and {counted(left, 'more problem')}", "", sep="\n")
    verdict_line = Text(str(verdict), STYLES.get(verdict.word, "bold"))
    console.print(*_counts(comparison.total), verdict_line, sep="\n")
    out.write(text.getvalue().encode())


def _problem(counts: Counts, cells: list[Cell], width: int) -> list[Text]:
    statuses = ", ".join(f"{steps:,} {status}" for status, steps in counts.statuses.items())
    lines = [Text.assemble((one_line(counts.name), "bold"), f": {statuses}")]
    for cell in cells:
        lines += _cell(cell, width)
    left = counts.differing - len(cells)
    return [*lines, Text(f"  and {counted(left, 'more cell')}")] if left else lines


def _cell(cell: Cell, width: int) -> list[Text]:
    context = [f"{name} {one_line(None if value is None else str(value))}" for name, value in cell.context.items()]
    name = ", ".join([one_line(cell.implementation_id), one_line(cell.test_id), *context])
    if cell.one_sided:
        return [Text.assemble("  ", name, "  ", _status(cell.one_sided), f"  {counted(cell.steps, 'step')}")]
    lines = [Text(f"  {name}")]
    for step in cell.differing[:STEPS]:
        lines += _step(step, width)
    left = len(cell.differing) - STEPS
    return [*lines, Text(f"    and {counted(left, 'more step')}")] if left > 0 else lines


def _step(step: Step, width: int) -> list[Text]:
    head = Text.assemble(f"    step {step.step_id}  ", _status(step.status), "  ")
    head.append(shorten(step.inputs, max(10, width - head.cell_len)), "dim")
    space = max(10, width - len(_INDENT) - 2)
    before, after = shorten_pair(step.before, step.after, space)
    lines = [head, Text(f"{_INDENT}- {before}", "red"), Text(f"{_INDENT}+ {after}", "green")]
    if step.before == step.after:
        lines[1:] = [Text(f"{_INDENT}= {after}")]
    if step.flaky is not None:
        lines.append(Text(f"{_INDENT}~ flaky: {shorten(join_responses(step.flaky), max(10, space - 7))}", "magenta"))
    return lines


def _status(status: str) -> Text:
    return Text(status, STYLES.get(status, ""))


def _counts(total: Counts) -> list[Text]:
    numbers = {status: f"{steps:,}" for status, steps in total.statuses.items()}
    width = max(map(len, numbers.values()), default=0)
    return [Text.assemble(f"{number:>{width}} ", _status(status)) for status, number in numbers.items()]
