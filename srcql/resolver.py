"""What the language needs from the store: the columns, and the tables or views that hold the rows of a cube."""

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
    """How much RUNS has to choose from."""

    NOTHING = "every cell has one run, one context and no repeated step"
    RUNS = "within each run, every cell has one context and no repeated step"
    ROWS = "any run, context or step may be there more than once"


@dataclass(frozen=True)
class Source:
    """The names of the tables or views that hold the rows of one cube.

    `choice` is what the store knows about the rows.
    """

    observations: str
    tests: str
    code_implementations: str
    choice: Choice


class Resolver(Protocol):
    """The store, as compilation sees it."""

    @property
    def observations(self) -> Table:
        """The table of observations, with the columns added later."""

    @property
    def canonicalisers(self) -> frozenset[str] | None:
        """The names that THROUGH can take; None if unknown here."""

    @property
    def equality(self) -> Equality:
        """The equality of verbs without USING."""

    @property
    def measures(self) -> frozenset[str] | None:
        """The user's own measures that SIMILARITY can take; None if unknown here."""

    def source(self, selection: Selection) -> Source:
        """Return the tables or views of the selected rows; raises UnknownName with the span of an unknown name."""

    def table(self, name: str, at: At) -> str | None:
        """Return the view of a past snapshot of a table in plain SQL; None to leave the text unchanged."""

    def ask(self, question: Compiled, same_again: bool) -> list[tuple[Any, ...]] | None:
        """Return the rows of a query that lowering needs; None without a store.

        `same_again` is whether the snapshot returns the same rows each time.
        """


class Standalone:
    """No store: tables have their own names, and a cell can have several runs."""

    observations: Table = OBSERVATIONS
    canonicalisers: frozenset[str] | None = None
    equality: Equality = CANONICAL
    measures: frozenset[str] | None = None

    def source(self, selection: Selection) -> Source:
        """Return the published tables; raises Unsupported for a selection with AT."""
        if selection.at:
            hint = "run it on a lakehouse, which knows its snapshots"
            raise Unsupported("AT needs a lakehouse", span=selection.at.span, hint=hint)
        return Source("observations", "tests", "code_implementations", Choice.ROWS)

    def table(self, name: str, at: At) -> str | None:  # noqa: ARG002
        """Return None: an engine can have an AT of its own."""
        return None

    def ask(self, question: Compiled, same_again: bool) -> list[tuple[Any, ...]] | None:  # noqa: ARG002
        """Return None: there are no rows."""
        return None


STANDALONE: Resolver = Standalone()
