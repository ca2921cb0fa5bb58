"""A statement ready for the engine, and where its parts stood in the user's text."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Carried:
    """A stretch of the SQL that stands where the user's text has one of that width: mostly the very same."""

    sql: int
    text: int
    length: int
    width: int


@dataclass(frozen=True)
class Compiled:
    """A statement ready for the engine; `verbs` counts those in the text."""

    text: str
    sql: str
    verbs: int
    carried: tuple[Carried, ...] = field(repr=False)

    def locate(self, offset: int) -> int | None:
        """Where an offset of the SQL stands in the user's text; None inside SQL that a verb stands for."""
        for part in self.carried:
            if part.sql <= offset < part.sql + part.length:
                return part.text + min(offset - part.sql, part.width - 1)
        return len(self.text) if offset == len(self.sql) else None
