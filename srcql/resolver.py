"""What the language asks of the store: which columns there are, and where the rows of a cube are read."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from srcql.cube import Selection
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

    def source(self, selection: Selection) -> Source:
        """Where the selected rows are read; raises UnknownName with the span of a name that does not exist."""


class Standalone:
    """No store at hand: the tables stand by their names, and a cell may have several runs."""

    observations: Table = OBSERVATIONS

    def source(self, selection: Selection) -> Source:  # noqa: ARG002
        """The published tables, whatever is selected."""
        return Source("observations", "tests", "code_implementations", Choice.ROWS)


STANDALONE: Resolver = Standalone()
