"""What `srcql diff` asks, how it judges the answer, and the forms in which it tells it: one file for each form."""

from collections.abc import Callable
from typing import IO

from . import junit, machine, markdown, terminal
from .comparison import Comparison
from .question import Question, Shown
from .verdict import Verdict, verdict

__all__ = ["FORMATS", "Comparison", "Question", "Verdict", "verdict"]

# How each is written, and which cells it shows.
FORMATS: dict[str, tuple[Callable[[Comparison, Verdict, IO[bytes], int, bool | None], None], Shown]] = {
    "terminal": (terminal.write, Shown(at_most=terminal.CELLS)),
    "markdown": (markdown.write, Shown(at_most=markdown.CELLS)),
    "json": (machine.write, Shown()),
    "junit": (junit.write, Shown(same=True)),
}
