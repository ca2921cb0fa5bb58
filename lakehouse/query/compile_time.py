"""The views of a statement that is being compiled: they can also run a query whose rows the compilation needs.

MATRIX, for example, needs the names of its columns. Such a query reads the same snapshot and obeys the same rules as
the statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from lakehouse.query.deadline import time_limit
from lakehouse.query.duckdb_errors import translating_errors
from lakehouse.query.parameter_types import awaits_values
from lakehouse.query.sandbox import inspect
from lakehouse.query.views import Views
from lakehouse.snapshots.parts import Part
from lakehouse.snapshots.snapshot import LakehouseSnapshot
from srcql.clauses.equality import CANONICAL, Equality
from srcql.compiled import Compiled


@dataclass(frozen=True)
class CompileOptions:
    """How a statement is compiled, besides its text and snapshot.

    `seconds` limits each query that compilation runs (None: no limit), `part` restricts the statement to some of its
    problems, `equality` applies to verbs without USING.
    """

    seconds: float | None = None
    part: Part | None = None
    equality: Equality = CANONICAL


class CompileTimeViews(Views):
    """The views of one statement, with the values of its parameters where they are known (None: not yet).

    `single_use` is True when the compiled SQL is valid for one execution only: it depends on a parameter whose value
    was not known, or on rows that change between reads.
    """

    def __init__(
        self,
        snapshot: LakehouseSnapshot,
        connection: duckdb.DuckDBPyConnection,
        parameters: Sequence[Any] | None,
        options: CompileOptions,
    ) -> None:
        super().__init__(snapshot, options.part, options.equality)
        self._seconds = options.seconds
        self._connection = connection
        self._parameters = parameters
        self.single_use = False

    def ask(self, question: Compiled, same_again: bool) -> list[tuple[Any, ...]]:
        """Run a query and return its rows; it is checked and limited like a statement.

        Without the values of its parameters it has no rows if it cannot be bound without them.
        """
        self.single_use = self.single_use or not same_again
        with (
            self._connection.cursor() as cursor,
            translating_errors(question, cursor),
            time_limit(cursor, self._seconds),
        ):
            inspection = inspect(cursor, question.sql, self.names)
            for view in sorted(inspection.tables):
                cursor.execute(self.definition(view))
            values = {name: self._parameter_value(name) for name in inspection.parameters}
            if self._parameters is None and values and not _can_be_bound(cursor, question.sql, values):
                return []
            rows: list[tuple[Any, ...]] = cursor.execute(question.sql, values).fetchall()
            return rows

    def _parameter_value(self, name: str) -> Any:
        """The value of a parameter; NULL where it is not known yet."""
        number = int(name) if name.isdecimal() else 0
        if self._parameters is not None and 0 < number <= len(self._parameters):
            return self._parameters[number - 1]
        self.single_use = True
        return None


def _can_be_bound(cursor: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any]) -> bool:
    """Return False if only the values of its parameters keep a query from being bound."""
    try:
        cursor.sql(sql, params=values)
    except duckdb.Error:
        return not awaits_values(cursor, sql)
    return True
