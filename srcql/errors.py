"""The errors of all parts: what was expected, what was found, where, and a hint.

Every error that reaches a user is an `SrcqlError`. Its class says who can act on it: the Flight server maps it to a
status, the command line to an exit code.

>>> print(UnknownName("unknown data set HumanEvil", text="CLUSTER FROM HumanEvil", span=(13, 22), hint="x"))
line 1, column 14: unknown data set HumanEvil
  CLUSTER FROM HumanEvil
               ^^^^^^^^^
  hint: x
"""

import difflib
from collections.abc import Iterable


class SrcqlError(Exception):
    """An error for the user; its place is `span` of `text` (start, end: offsets from 0, end exclusive)."""

    def __init__(
        self, message: str, *, text: str | None = None, span: tuple[int, int] | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.span = span
        self.hint = hint

    @property
    def line(self) -> int | None:
        """Line of the user's text, from 1."""
        return self.text.count("\n", 0, self.span[0]) + 1 if self.text is not None and self.span else None

    @property
    def column(self) -> int | None:
        """Column of that line, from 1."""
        return self.span[0] - self._line_start() + 1 if self.text is not None and self.span else None

    def __str__(self) -> str:
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        if self.text is None or self.span is None:
            return self.message + hint
        return f"line {self.line}, column {self.column}: {self.message}\n{self._underlined()}{hint}"

    def _line_start(self) -> int:
        assert self.text is not None
        assert self.span is not None
        return self.text.rfind("\n", 0, self.span[0]) + 1

    def _underlined(self) -> str:
        assert self.text is not None
        assert self.span is not None
        start = self._line_start()
        line = self.text[start:].split("\n", 1)[0].rstrip("\r")
        before = line[: self.span[0] - start]
        width = max(1, min(self.span[1] - self.span[0], len(line) - len(before)))
        margin = "".join("\t" if character == "\t" else " " for character in before)
        return f"  {line}\n  {margin}{'^' * width}"


class InvalidQuery(SrcqlError):
    """The text is not valid SRCQL or SQL."""


class UnknownName(SrcqlError):
    """A data set, problem, table, column or handle does not exist."""


class Unauthenticated(SrcqlError):
    """The server requires authentication, and it failed or is missing."""


class Forbidden(SrcqlError):
    """A statement reads or writes outside the lakehouse, or what is not granted to the user."""


class Unsupported(SrcqlError):
    """This version or engine does not have a clause or command."""


class InvalidData(SrcqlError):
    """The store rejected rows; nothing of their batch was written."""


class StoreError(SrcqlError):
    """The warehouse or its catalog cannot be read or written."""


class ExecutionError(SrcqlError):
    """A valid query failed on its data."""


class Cancelled(SrcqlError):
    """The client cancelled the query."""


class TimedOut(SrcqlError):
    """The query ran longer than allowed."""


class Unavailable(SrcqlError):
    """The server takes no new work now; the client can retry."""


def suggestion(found: str, known: Iterable[str], what: str) -> str:
    """Return a hint for a mistyped name: its nearest match, else the first existing names.

    >>> suggestion("mbpp_798_sum", ["mbpp_798__sum", "mbpp_1"], "problems")
    'did you mean mbpp_798__sum?'
    >>> suggestion("x", [], "data sets")
    'there are no data sets yet'
    """
    names = sorted(known)
    near = difflib.get_close_matches(found.lower(), {name.lower(): name for name in names}, n=1)
    if near:
        return f"did you mean {next(name for name in names if name.lower() == near[0])}?"
    if not names:
        return f"there are no {what} yet"
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"{what}: {shown}"
