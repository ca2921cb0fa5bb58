"""Functions that installed packages provide, as entry points of the group `srcql.udfs`.

A name that starts with `measure.` is that of a measure (`measure.py`), any other that of a canonicaliser
(`through.py`). Both are functions of texts: they must return the same result for the same texts, and allow calls from
several threads.
"""

import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

GROUP = "srcql.udfs"
MEASURE = "measure."
SHOWN = 80

Result = TypeVar("Result")
Function = TypeVar("Function", bound=Callable[..., object])


@dataclass(frozen=True)
class Plugin(Generic[Result]):
    """One of these functions; the first call imports its package.

    `check` returns what the function returned, as a Result, or None if it is not what is `expected`.
    """

    kind: str
    name: str
    entry: str
    expected: str
    check: Callable[[object], Result | None]

    def __call__(self, *texts: str) -> Result:
        """Call the function; raise ValueError if it cannot be loaded, fails, or returns something else."""
        try:
            returned = load(self.entry)(*texts)
        except Exception as error:
            raise self._error(f" raised {type(error).__name__}: {error}", texts) from error
        result = self.check(returned)
        if result is None:
            raise self._error(f": expected {self.expected}, found {reprlib.repr(returned)}", texts)
        return result

    def _error(self, problem: str, texts: tuple[str, ...]) -> ValueError:
        shown = " and ".join(text[:SHOWN] + "…" * (len(text) > SHOWN) for text in texts)
        return ValueError(f"{self.kind} {self.name}{problem}, for the text{'s' * (len(texts) > 1)} {shown}")


def entries() -> list[str]:
    """Return the names of all installed functions, sorted."""
    return sorted(entry_points(group=GROUP).names)


def choose(kind: str, name: str, installed: Mapping[str, Function]) -> Function:
    """Return the function of that name; raise ValueError if it is not installed."""
    if name not in installed:
        raise ValueError(f"unknown {kind} {name}; installed: {', '.join(installed) or 'none'}")
    return installed[name]


@cache
def load(entry: str) -> Callable[..., Any]:
    """Return the function of an entry point; raise LookupError if several packages provide it."""
    provided = {point.value: point for point in entry_points(group=GROUP, name=entry)}
    if len(provided) > 1:
        raise LookupError(f"several packages provide it: {', '.join(sorted(provided))}")
    function: Callable[..., Any] = next(iter(provided.values())).load()
    return function
