"""The result of compilation: SQL for the engine, and the map from its offsets to those of the user's text."""

from dataclasses import dataclass, field

from srcql.clauses.cube import Selection


@dataclass(frozen=True)
class Carried:
    """A stretch of the SQL, and the stretch of the user's text that it copies or replaces."""

    sql: int
    text: int
    length: int
    width: int


@dataclass(frozen=True)
class Compiled:
    """A compiled statement; `verbs` is the number of verbs in its text.

    `partitionable` is the selection of a statement whose result can be read in parts: a range of problems is a range of
    its rows. It is None for all other statements.
    """

    text: str
    sql: str
    verbs: int
    carried: tuple[Carried, ...] = field(repr=False)
    partitionable: Selection | None = field(default=None, repr=False)

    def locate(self, offset: int) -> int | None:
        """Return the offset in the user's text for an offset in the SQL; None inside the SQL of a verb."""
        for part in self.carried:
            if part.sql <= offset < part.sql + part.length:
                return part.text + min(offset - part.sql, part.width - 1)
        return len(self.text) if offset == len(self.sql) else None
