"""What the shared clauses become: the common table expression `__cells`, which every verb selects from.

    __query   the user's own query, with all columns of observations        FROM (query)
    __rows    the observations that are selected                            FROM, WHERE
    __latest  which run and context answers for a cell                      RUNS
    __chosen  its rows, one for each step
    __cells   those of the steps that count                                 STEPS

All names that start with two underscores are the language's own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from srcql.cube import KEY, Cube, Selection, Target
from srcql.reader import literal
from srcql.schema import OBSERVATIONS, Column, Role, Table

CONTEXT = ("environment_id", "git_commit_hash", "ci_pipeline_id", "researcher_name")
STEP = (*KEY, "implementation_id", "test_id", "step_id")


@dataclass(frozen=True)
class Source:
    """Where the rows of one cube are read: names of tables or views.

    `single` when every cell is known to have one run, one context and no repeated step: then nothing is to be chosen.
    """

    observations: str
    tests: str
    code_implementations: str
    single: bool


class Resolver(Protocol):
    """What the language asks of the store."""

    @property
    def observations(self) -> Table:
        """The table with all its columns."""

    def source(self, selection: Selection) -> Source:
        """Where the selected rows are read; raises UnknownName with the span of a name that does not exist."""


def identifier(column: str) -> str:
    """A column as SQL: columns of the schema stand bare, all others quoted.

    >>> identifier("run_id"), identifier('odd"name')
    ('run_id', '"odd""name"')
    """
    return column if column.isidentifier() and column in _BARE else '"' + column.replace('"', '""') + '"'


_BARE = {column.name for column in OBSERVATIONS.columns}


def listed(columns: Iterable[str], of: str = "") -> str:
    """Columns as a list of SQL, of one relation.

    >>> listed(["test_id", "step_id"], of="c")
    'c.test_id, c.step_id'
    """
    prefix = f"{of}." if of else ""
    return ", ".join(prefix + identifier(column) for column in dict.fromkeys(columns))


def same(left: str, right: str, columns: Iterable[str]) -> str:
    """The condition that two relations agree in these columns, where NULL is a value."""
    pairs = ((f"{left}.{identifier(column)}", f"{right}.{identifier(column)}") for column in dict.fromkeys(columns))
    return " AND ".join(f"{one} IS NOT DISTINCT FROM {other}" for one, other in pairs)


class Lowering:
    """The common table expressions of one verb, in the order of their definition."""

    def __init__(self, cube: Cube, resolver: Resolver) -> None:
        self.cube = cube
        self._resolver = resolver
        self._defined: dict[str, str] = {}

    @cached_property
    def source(self) -> Source:
        """Where this cube is read."""
        return self._resolver.source(self.cube.selection)

    @property
    def observations(self) -> Table:
        """The table that it is read from."""
        return self._resolver.observations

    @property
    def with_(self) -> str:
        """The WITH clause."""
        return "WITH " + ", ".join(f"{name} AS ({query})" for name, query in self._defined.items())

    def define(self, name: str, query: str) -> str:
        """Add an expression; gives its name."""
        self._defined[name] = query
        return name

    @property
    def entry(self) -> str:
        """The name of an implementation in the result, as SQL over `__cells AS c`."""
        return "c.implementation_id || '@' || coalesce(c.run_id, '')" if self.cube.each else "c.implementation_id"

    def cells(self, wanted: Iterable[str]) -> None:
        """Define `__cells` with the columns of a step, of the analysis, and those wanted."""
        columns = list(dict.fromkeys((*STEP, *self.cube.by, *wanted, *(["run_id"] if self.cube.each else []))))
        if self.cube.steps == "EXCEPT CREATE":
            columns += [column for column in ("operation", "output") if column not in columns]
        chosen = self._chosen(columns)
        self.define("__cells", self._stepped(chosen, columns))

    def _chosen(self, columns: list[str]) -> str:
        if self.cube.query is None and self.source.single:
            return self._rows(columns)
        cell = [*self.cube.analysis, "implementation_id", "test_id", *(["run_id"] if self.cube.each else [])]
        context = list(dict.fromkeys(["run_id", *CONTEXT]))
        rows = self._rows([*columns, *context, "created_at", "output"])
        runs = f"SELECT {listed([*cell, *context])}, max(created_at) AS __time FROM {rows} GROUP BY ALL"
        self.define("__runs", runs)
        latest = _greatest("__time", *map(identifier, context))
        self.define(
            "__latest", f"SELECT * FROM __runs QUALIFY row_number() OVER (PARTITION BY {listed(cell)} {latest}) = 1"
        )
        rest = [column for column in columns if column not in (*cell, *context, "step_id", "output")]
        of_step = f"PARTITION BY {listed([*cell, 'step_id'], 'r')}"
        row = _greatest(*(f"r.{identifier(column)}" for column in dict.fromkeys(["created_at", "output", *rest])))
        return self.define(
            "__chosen",
            f"SELECT {listed(columns, 'r')} FROM {rows} AS r JOIN __latest AS l ON {same('r', 'l', [*cell, *context])}"
            f" QUALIFY row_number() OVER ({of_step} {row}) = 1",
        )

    def _rows(self, columns: Iterable[str]) -> str:
        table = self._query() if self.cube.query else self.source.observations
        conditions = ["specified_oracle IS NOT TRUE"]
        if self.cube.selection.targets is not None:
            conditions.append(f"({' OR '.join(_targets(self.cube.selection.targets))})")
        if self.cube.where:
            conditions.append(f"({self.cube.where})")
        return self.define(
            "__rows", f"SELECT {listed(columns)} FROM {table} AS observations WHERE {' AND '.join(conditions)}"
        )

    def _query(self) -> str:
        """The user's query as observations: the keys and the output have to be there, all else may be absent."""
        columns = self.observations.columns
        absent = ", ".join(f"NULL AS {identifier(column.name)}" for column in columns)
        present = ", ".join(f"{name} AS {name}" for name in (*STEP, "output"))
        both = f"SELECT {absent} WHERE false UNION ALL BY NAME SELECT * REPLACE ({present}) FROM ({self.cube.query})"
        return self.define("__query", f"SELECT {', '.join(map(_cast, columns))} FROM ({both})")

    def _stepped(self, chosen: str, columns: list[str]) -> str:
        steps, kept = self.cube.steps, f"SELECT {listed(columns, 'c')} FROM {chosen} AS c"
        test = [*self.cube.analysis, "test_id"]
        if isinstance(steps, tuple):
            return f"{kept} WHERE c.step_id IN ({', '.join(map(str, steps))})"
        if steps == "LAST":
            last = f"SELECT {listed(test)}, max(step_id) AS step_id FROM {chosen} GROUP BY ALL"
            return f"{kept} JOIN ({last}) AS l ON {same('c', 'l', [*test, 'step_id'])}"
        if steps == "EXCEPT CREATE":
            creates = "operation = 'create' OR output LIKE '$CUT@%@' || CAST(step_id AS VARCHAR)"
            created = f"SELECT {listed([*test, 'step_id'])} FROM {chosen} WHERE {creates}"
            return (
                f"{kept} WHERE NOT EXISTS (SELECT 1 FROM ({created}) AS k WHERE {same('c', 'k', [*test, 'step_id'])})"
            )
        return kept

    def responses(self, of: str, columns: dict[str, str]) -> str:
        """A query of `of` with more columns, each a function of `output` that is asked once for a distinct output."""
        asked = ", ".join(f"{function} AS {column}" for column, function in columns.items())
        distinct = f"SELECT output, {asked} FROM (SELECT DISTINCT output FROM {of})"
        return (
            f"SELECT c.*, {listed(columns, 'd')} FROM {of} AS c JOIN ({distinct}) AS d ON {same('c', 'd', ['output'])}"
        )


def _greatest(*order: str) -> str:
    return "ORDER BY " + ", ".join(f"{column} DESC NULLS LAST" for column in order)


def _cast(column: Column) -> str:
    name = identifier(column.name)
    derived = {"response_kind": "response_kind(output)", "response_key": "response_key(output)"}.get(column.name, name)
    return f"CAST({derived} AS {column.type}) AS {name}"


def _targets(targets: Iterable[Target]) -> Iterable[str]:
    for target in targets:
        of_data_set = f"data_set_id = {literal(target.data_set.text)}"
        yield f"({of_data_set} AND problem_id = {literal(target.problem.text)})" if target.problem else of_data_set


__all__ = ["Lowering", "Resolver", "Role", "Source", "identifier", "listed", "same"]
