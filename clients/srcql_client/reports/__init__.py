"""`srcql diff`: its request, the comparison, the verdict and one file for each format of the report."""

from collections.abc import Callable
from typing import IO

from . import json_report, junit, markdown, terminal
from .commits import full_commit
from .comparison import Comparison
from .request import Request
from .statement import CellSelection
from .verdict import Verdict, judge

__all__ = ["FORMATS", "Comparison", "Request", "Verdict", "full_commit", "judge"]

# Of each format, the function that writes the report, and the cells that it shows.
FORMATS: dict[str, tuple[Callable[[Comparison, Verdict, IO[bytes], int, bool | None], None], CellSelection]] = {
    "terminal": (terminal.write, CellSelection(per_problem=terminal.CELLS)),
    "markdown": (markdown.write, CellSelection(per_problem=markdown.CELLS)),
    "json": (json_report.write, CellSelection()),
    "junit": (junit.write, CellSelection(unchanged=True)),
}
