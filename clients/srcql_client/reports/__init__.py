"""What `srcql diff` asks, how it judges the answer, and the forms in which it tells it: one file for each form."""

from collections.abc import Callable
from typing import IO

from . import junit, machine, markdown, terminal
from .comparison import Comparison
from .question import Question
from .verdict import Verdict, verdict

__all__ = ["FORMATS", "Comparison", "Question", "Verdict", "verdict"]

FORMATS: dict[str, Callable[[Comparison, Verdict, IO[bytes], int, bool | None], None]] = {
    "terminal": terminal.write,
    "markdown": markdown.write,
    "json": machine.write,
    "junit": junit.write,
}
