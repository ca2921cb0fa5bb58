"""The report in GitHub's Markdown: the verdict, a table of problems, and a folded table of the cells that differ."""

import re
from typing import IO

from ..formats import counted
from .comparison import Cell, Comparison, Counts
from .question import STATUSES
from .text import line, pair, short
from .verdict import Verdict

PROBLEMS, CELLS, STEPS, WIDTH = 50, 10, 5, 120
# What Markdown or HTML could take for its own, or GitHub for a mention, a reference, an emoji or a formula.
_ACTIVE = re.compile(r"[\\`*_{}\[\]<>|~&$:@#!]")
_FENCE = re.compile("`+")


def write(comparison: Comparison, verdict: Verdict, out: IO[bytes], _width: int, _colours: bool | None) -> None:
    """Write the report, no wider and no longer than a summary should be."""
    shown = comparison.gravest(PROBLEMS)
    lines = ["### srcql diff", "", f"**{verdict.word}**: {escaped('; '.join(verdict.reasons))}", ""]
    lines += [*fenced(comparison.question.diff), "", *_counts(comparison, [counts for counts, _ in shown])]
    left = len(comparison.unlike) - PROBLEMS
    lines += ["", f"and {counted(left, 'more problem')}"] if left > 0 else []
    for counts, cells in shown:
        lines += _problem(counts, cells, comparison.analysis[2:])
    out.write("\n".join([*lines, ""]).encode())


def escaped(text: str) -> str:
    """Text of one line that Markdown shows as it is.

    >>> escaped("a|b `c`")
    'a&#124;b &#96;c&#96;'
    """
    return _ACTIVE.sub(lambda found: f"&#{ord(found[0])};", text)


def fenced(text: str) -> list[str]:
    """Lines as a block of code, by a fence that is longer than any in it."""
    fence = "`" * max(3, 1 + max(map(len, _FENCE.findall(text)), default=0))
    return [f"{fence}sql", *map(line, text.split("\n")), fence]


def _counts(comparison: Comparison, problems: list[Counts]) -> list[str]:
    """A row for each problem and one for all; a column for each status that there is."""
    statuses = [status for status in STATUSES if status in comparison.total.statuses]
    rows = [(escaped(line(problem.name)), problem) for problem in problems]
    if len(comparison.problems) != 1 or not rows:
        rows.append((f"all {counted(len(comparison.problems), 'problem')}", comparison.total))
    head = [_row(["problem", *statuses]), _row(["---", *["---:"] * len(statuses)])]
    return head + [_row([name, *(f"{of.statuses.get(status, 0):,}" for status in statuses)]) for name, of in rows]


def _problem(counts: Counts, cells: list[Cell], context: list[str]) -> list[str]:
    columns = [*context, "implementation", "test", "step", "inputs", "before", "after", "status"]
    lines = ["", f"<details><summary>{escaped(line(counts.name))}</summary>", ""]
    lines += [_row(map(escaped, columns)), _row(["---"] * len(columns))]
    for cell in cells:
        lines += map(_row, _steps(cell))
    left = counts.differing - len(cells)
    return [*lines, *(["", f"and {counted(left, 'more cell')}"] if left else []), "", "</details>"]


def _steps(cell: Cell) -> list[list[str]]:
    """The rows of one cell: a single one, without values, where only one end has it."""
    context = [None if value is None else str(value) for value in cell.context.values()]
    name = [escaped(line(part)) for part in (*context, cell.implementation_id, cell.test_id)]
    if cell.alone:
        return [[*name, f"all {cell.steps}", "", "", "", cell.alone]]
    rows = []
    for step in cell.differing[:STEPS]:
        values = (short(step.inputs, WIDTH), *pair(step.before, step.after, WIDTH))
        status = step.status if step.flaky is None else f"{step.status}, flaky"
        rows.append(
            [*name, str(step.step_id), *(f"<code>{escaped(value)}</code>" for value in values), escaped(status)]
        )
    left = len(cell.differing) - STEPS
    return [*rows, [*name, f"and {left:,} more", "", "", "", ""]] if left > 0 else rows


def _row(cells: "map[str] | list[str]") -> str:
    return f"| {' | '.join(cells)} |"
