"""What the language asks of the store: which columns there are, and where the rows of a cube are read."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from srcql.clauses.at import At
from srcql.clauses.cube import Selection
from srcql.clauses.equality import CANONICAL, Equality
from srcql.compiled import Compiled
from srcql.errors import Unsupported
from srcql.schema import OBSERVATIONS, Table


class Choice(Enum):
    """What RUNS has to choose from."""

    NOTHING = "every cell has one run, one context and no repeated step"
    RUNS = "within each run, every cell has one context and no repeated step"
    ROWS = "anything may be there more than once"


@dataclass(frozen=True)
class Source:
    """Where the rows of one cube are read: names of tables or views.

    `choice` says what is known of the rows: how much of RUNS there is to do.
    """

    observations: str
    tests: str
    code_implementations: str
    choice: Choice


class Resolver(Protocol):
    """The store, as a compilation sees it."""

    @property
    def observations(self) -> Table:
        """The table of observations, with the columns that were added later."""

    @property
    def canonicalisers(self) -> frozenset[str] | None:
        """The names that THROUGH may take; None when they are not known here."""

    @property
    def equality(self) -> Equality:
        """What a verb without USING is read as."""

    @property
    def measures(self) -> frozenset[str] | None:
        """The measures of a user's own that SIMILARITY may take; None when they are not known here."""

    def source(self, selection: Selection) -> Source:
        """Where the selected rows are read; raises UnknownName with the span of a name that does not exist."""

    def table(self, name: str, at: At) -> str | None:
        """The view that has a table of plain SQL as it was; None when the text is to stay as it is."""

    def ask(self, question: Compiled, same_again: bool) -> list[tuple[Any, ...]] | None:
        """Rows that have to be known before a verb can be lowered; None when there is nobody to ask.

        `same_again` says that the snapshot has the same answer each time.
        """


class Standalone:
    """No store at hand: the tables stand by their names, and a cell may have several runs."""

    observations: Table = OBSERVATIONS
    canonicalisers: frozenset[str] | None = None
    equality: Equality = CANONICAL
    measures: frozenset[str] | None = None

    def source(self, selection: Selection) -> Source:
        """The published tables, whatever is selected; Unsupported for a selection with AT."""
        if selection.at:
            hint = "run it on a lakehouse, which knows its snapshots"
            raise Unsupported("AT needs a lakehouse", span=selection.at.span, hint=hint)
        return Source("observations", "tests", "code_implementations", Choice.ROWS)

    def table(self, name: str, at: At) -> str | None:  # noqa: ARG002
        """None: an engine may have AT of its own."""
        return None

    def ask(self, question: Compiled, same_again: bool) -> list[tuple[Any, ...]] | None:  # noqa: ARG002
        """None: there are no rows at hand."""
        return None


STANDALONE: Resolver = Standalone()
