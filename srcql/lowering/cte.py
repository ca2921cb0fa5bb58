"""A common table expression (CTE) as a value: what defines it returns it, and what reads it takes it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cte:
    """One CTE of a lowering; its text is its name.

    >>> f"SELECT * FROM {Cte('__rows')}"
    'SELECT * FROM __rows'
    """

    name: str

    def __str__(self) -> str:
        return self.name
