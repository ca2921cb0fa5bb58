"""A statement as data, with its text."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from srcql.schema import OBSERVATIONS

Row = dict[str, Any]
NOTHING: Row = {column.name: None for column in OBSERVATIONS.columns}


class Every(Enum):
    """The two wildcards of a path."""

    MEMBER = ".*"
    ELEMENT = "[*]"


Path = tuple[str | int | Every, ...]


@dataclass(frozen=True, repr=False)
class Lakehouse:
    """The rows of the three tables."""

    observations: list[Row]
    tests: list[Row] = field(default_factory=list)
    code_implementations: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Source:
    """The operand of FROM: some rows of observations, or a query over them."""

    text: str
    rows: Callable[[list[Row]], list[Row]]


@dataclass(frozen=True)
class Condition:
    """One condition of WHERE; several are joined by AND. `on_problem`: it only uses data_set_id and problem_id."""

    text: str
    holds: Callable[[Row], bool]
    on_problem: bool = False


class Rejected(Exception):
    """The statement is an error."""


@dataclass(frozen=True)
class Using:
    """The equality of responses. None: not given. `tolerance`: the text after that word, without REL."""

    base: str | None = None
    exceptions: str | None = None
    digits: int | None = None
    unordered: bool = False
    typed: bool = False
    ignore: tuple[Path, ...] = ()
    tolerance: str | None = None
    rel: str | None = None

    @property
    def text(self) -> str:
        options = [
            self.base or "",
            f"TOLERANCE {self.tolerance}" if self.tolerance else "",
            f"REL {self.rel}" if self.rel else "",
            f"EXCEPTIONS {self.exceptions}" if self.exceptions else "",
            f"DIGITS {self.digits}" if self.digits else "",
            "UNORDERED" if self.unordered else "",
            "TYPED" if self.typed else "",
            "IGNORE " + ", ".join(quoted(_path(path)) for path in self.ignore) if self.ignore else "",
        ]
        return " ".join(option for option in options if option)


@dataclass(frozen=True)
class Against:
    """A reference. `name`: an implementation or a run; `using` and `own`: the clauses of ORACLE."""

    reference: str
    name: str | None = None
    null_defined: bool = False
    leave_one_out: bool = False
    using: Using | None = None
    own: tuple[str, ...] = ()

    def __str__(self) -> str:
        inner = [_clause("USING", self.using.text if self.using else None), *self.own]
        clauses = [
            f"AGAINST {self.reference}",
            quoted(self.name) if self.name is not None else "",
            "NULL DEFINED" if self.null_defined else "",
            f"({' '.join(filter(None, inner))})" if any(inner) else "",
            "LEAVE ONE OUT" if self.leave_one_out else "",
        ]
        return " ".join(clause for clause in clauses if clause)


AXES = {
    "RUN": "run_id",
    "COMMIT": "git_commit_hash",
    "ENVIRONMENT": "environment_id",
    "IMPLEMENTATION": "implementation_id",
}


@dataclass(frozen=True)
class Ends:
    """The two ends that DIFF compares."""

    axis: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.axis} {quoted(self.before)} TO {quoted(self.after)}"


@dataclass(frozen=True)
class Order:
    """One column of ORDER BY."""

    column: str
    descending: bool = False
    nulls_first: bool = False

    @property
    def text(self) -> str:
        return f'"{self.column}"{" DESC" * self.descending}{" NULLS FIRST" * self.nulls_first}'


@dataclass(frozen=True, repr=False)
class Statement:
    """A verb with its clauses; None: not given. `own` holds the verb's own clauses in order."""

    verb: str
    source: Source
    head: tuple[str, ...] = ()
    ends: Ends | None = None
    where: tuple[Condition, ...] = ()
    by: tuple[str, ...] = ()
    using: Using = Using()
    runs: str | None = None
    steps: str | None = None
    missing: str | None = None
    own: tuple[str | Against, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None

    def __repr__(self) -> str:
        return self.text

    def says(self, clause: str) -> bool:
        return clause in self.own

    def number(self, clause: str) -> str | None:
        """Return the number after the words of an own clause: MIN SIZE 2 -> 2."""
        texts = [str(text) for text in self.own]
        return next((text.removeprefix(clause + " ") for text in texts if text.startswith(clause + " ")), None)

    def name(self, clause: str) -> str | None:
        """Return the quoted text after the words of an own clause."""
        text = self.number(clause)
        return None if text is None else text[1:-1].replace("''", "'")

    @property
    def against(self) -> Against | None:
        return next((clause for clause in self.own if isinstance(clause, Against)), None)

    @property
    def text(self) -> str:
        clauses = [
            self.verb,
            ", ".join(self.head),
            str(self.ends or ""),
            f"FROM {self.source.text}",
            _clause("WHERE", " AND ".join(condition.text for condition in self.where)),
            _clause("BY", ", ".join(self.by)),
            _clause("USING", self.using.text),
            _clause("RUNS", self.runs),
            _clause("STEPS", self.steps),
            _clause("MISSING", self.missing),
            *map(str, self.own),
            _clause("ORDER BY", ", ".join(order.text for order in self.order)),
            _clause("LIMIT", self.limit),
            _clause("OFFSET", self.offset),
        ]
        return " ".join(clause for clause in clauses if clause)


def quoted(text: str, quote: str = "'") -> str:
    """Quote a text literal, or with `"` an identifier."""
    return quote + text.replace(quote, quote * 2) + quote


def literal(value: object) -> str:
    """Return the SQL literal of a value in WHERE."""
    if isinstance(value, int):
        return str(value)
    return quoted(value) if isinstance(value, str) else f"TIMESTAMP '{value}'"


def _clause(word: str, said: object) -> str:
    return "" if said is None or said == "" else f"{word} {said}"


def _path(path: Path) -> str:
    return "$" + "".join(_part(part) for part in path)


def _part(part: str | int | Every) -> str:
    if isinstance(part, Every):
        return part.value
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if part.isidentifier() and part.isascii() else f'["{part}"]'
