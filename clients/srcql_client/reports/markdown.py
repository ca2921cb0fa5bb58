"""The report in GitHub's Markdown: the verdict, a table of problems, and folded tables of the cells that differ.

GitHub drops the summary of a step that is larger than 1 MiB. So names, values and the statement are cut, and tables of
cells are left out once the report would be larger than BYTES.
"""

import re
from collections.abc import Iterable
from typing import IO

from ..formats import counted
from .comparison import Cell, Comparison, Counts
from .escaping import one_line, shorten, shorten_pair
from .statement import STATUSES
from .verdict import Verdict

PROBLEMS, CELLS, STEPS, WIDTH = 50, 10, 5, 120
BYTES = 900_000
STATEMENT = 10_000  # characters
# Characters with a meaning in Markdown or HTML, or in mentions, references, emojis and formulas of GitHub.
_ACTIVE = re.compile(r"[\\`*_{}\[\]<>|~&$:@#!]")
_FENCE = re.compile("`+")


def write(comparison: Comparison, verdict: Verdict, out: IO[bytes], _width: int, _colours: bool | None) -> None:
    """Write the report in the length of a summary."""
    shown = comparison.most_severe(PROBLEMS)
    lines = ["### srcql diff", "", f"**{verdict.word}**: {escape('; '.join(verdict.reasons))}", ""]
    statement = comparison.request.diff_statement
    lines += [
        *fence(statement[:STATEMENT] + "…" * (len(statement) > STATEMENT)),
        "",
        *_counts(comparison, [counts for counts, _ in shown]),
    ]
    left = len(comparison.differing_problems) - PROBLEMS
    lines += ["", f"and {counted(left, 'more problem')}"] if left > 0 else []
    tables = [_problem(counts, cells, comparison.context) for counts, cells in shown]
    out.write("\n".join([*lines, *_fitting(tables, BYTES - _size(lines)), ""]).encode())


def _fitting(tables: list[list[str]], left: int) -> list[str]:
    """Return the lines of the first tables that fit, and a line with the number of the others."""
    lines: list[str] = []
    for at, table in enumerate(tables):
        left -= _size(table)
        if left < 0:
            rest = counted(len(tables) - at, "problem")
            return [*lines, "", f"The cells of {rest} are left out: a summary has a limited size. See --format json."]
        lines += table
    return lines


def _size(lines: list[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def escape(text: str) -> str:
    """Return text of one line that Markdown shows unchanged.

    >>> escape("a|b `c`")
    'a&#124;b &#96;c&#96;'
    """
    return _ACTIVE.sub(lambda found: f"&#{ord(found[0])};", text)


def fence(text: str) -> list[str]:
    """Return a text as a code block, with a fence longer than any in it."""
    marks = "`" * max(3, 1 + max(map(len, _FENCE.findall(text)), default=0))
    return [f"{marks}sql", *map(one_line, text.split("\n")), marks]


def _counts(comparison: Comparison, problems: list[Counts]) -> list[str]:
    """Return a table with a row for each problem and one for all, and a column for each status that occurs."""
    statuses = [status for status in STATUSES if status in comparison.total.statuses]
    rows = [(escape(shorten(problem.name, WIDTH)), problem) for problem in problems]
    if len(comparison.problems) != 1 or not rows:
        rows.append((f"all {counted(len(comparison.problems), 'problem')}", comparison.total))
    head = [_row(["problem", *statuses]), _row(["---", *["---:"] * len(statuses)])]
    return head + [_row([name, *(f"{of.statuses.get(status, 0):,}" for status in statuses)]) for name, of in rows]


def _problem(counts: Counts, cells: list[Cell], context: list[str]) -> list[str]:
    columns = [*context, "implementation", "test", "step", "inputs", "before", "after", "status"]
    lines = ["", f"<details><summary>{escape(shorten(counts.name, WIDTH))}</summary>", ""]
    lines += [_row(map(escape, columns)), _row(["---"] * len(columns))]
    for cell in cells:
        lines += map(_row, _steps(cell))
    left = counts.differing - len(cells)
    return [*lines, *(["", f"and {counted(left, 'more cell')}"] if left else []), "", "</details>"]


def _steps(cell: Cell) -> list[list[str]]:
    """Return the rows of one cell: a single row without values if only A or B has the cell."""
    context = [None if value is None else str(value) for value in cell.context.values()]
    name = [escape(shorten(part, WIDTH)) for part in (*context, cell.implementation_id, cell.test_id)]
    if cell.one_sided:
        return [[*name, f"all {cell.steps}", "", "", "", cell.one_sided]]
    rows = []
    for step in cell.differing[:STEPS]:
        values = (shorten(step.inputs, WIDTH), *shorten_pair(step.before, step.after, WIDTH))
        status = step.status if step.flaky is None else f"{step.status}, flaky"
        rows.append([*name, str(step.step_id), *(f"<code>{escape(value)}</code>" for value in values), escape(status)])
    left = len(cell.differing) - STEPS
    return [*rows, [*name, f"and {left:,} more", "", "", "", ""]] if left > 0 else rows


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
