"""What the shared clauses become: the common table expression `__cells`, which every verb selects from.

    __query   the user's own query, with all columns of observations        FROM (query)
    __rows    the observations that are selected                            FROM, WHERE
    __runs    the runs of each cell, and the contexts that they ran in      RUNS
    __latest  those that answer for the cell
    __chosen  their rows, one for each step
    __kept    those of the steps that count                                 STEPS
    __cells   the same, with what is derived from outputs

All names that start with two underscores are the language's own.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property

from srcql.conditions import repeatable
from srcql.cube import Cube, Target
from srcql.engines import Forms
from srcql.resolver import Choice, Resolver, Source
from srcql.schema import Column, Table
from srcql.sql import NEVER_NULL as STEP
from srcql.sql import greatest_first, identifier, listed, literal, same

CONTEXT = ("run_id", "environment_id", "git_commit_hash", "ci_pipeline_id", "researcher_name")
GIVEN = '"FROM (query)"'  # the user's query, as the engine calls it when it lacks a column
DERIVED = {"response_kind": "response_kind(output)", "response_key": "response_key(output)"}
CREATES = "operation = 'create' OR output LIKE '$CUT@%@' || CAST(step_id AS VARCHAR)"


class Lowering:
    """The common table expressions of one verb, in the order of their definition."""

    def __init__(self, cube: Cube, resolver: Resolver, forms: Forms) -> None:
        self.cube = cube
        self.forms = forms
        self._resolver = resolver
        self._defined: dict[str, str] = {}

    @cached_property
    def source(self) -> Source:
        """Where the tables of this cube are read."""
        return self._resolver.source(self.cube.selection)

    @property
    def observations(self) -> Table:
        """The table of observations, with all its columns."""
        return self._resolver.observations

    @property
    def with_(self) -> str:
        """The WITH clause."""
        return "WITH " + ", ".join(self._defined.values())

    def define(self, name: str, query: str) -> str:
        """Add an expression; gives its name."""
        self._defined[name] = f"{name} AS ({query})"
        return name

    def define_rows(self, name: str, query: str) -> str:
        """Add an expression with every selected row; gives its name.

        Rows that can be asked again with the same answer are not kept: a second scan is cheaper than a copy of them.
        """
        scanned = self._choice is Choice.NOTHING and repeatable(self.cube.where)
        self._defined[name] = f"{name} AS {'NOT MATERIALIZED ' if scanned else ''}({query})"
        return name

    @property
    def entry(self) -> str:
        """The name of an implementation in the result, as SQL over `c`."""
        return "c.implementation_id || '@' || coalesce(c.run_id, '')" if self.cube.each else "c.implementation_id"

    @property
    def identity(self) -> str:
        """Who gave a response, as SQL over `c`: two entries may have one name, where ids hold an @."""
        return "c.implementation_id || chr(31) || coalesce(c.run_id, chr(30))" if self.cube.each else self.entry

    @property
    def selected(self) -> list[str]:
        """The conditions of FROM, as SQL over the keys of a problem."""
        targets = self.cube.selection.targets
        return [] if targets is None else [f"({' OR '.join(map(_named, targets))})"]

    def cells(self, wanted: Iterable[str]) -> str:
        """Define `__cells`: the columns of a step, of the analysis, and those wanted."""
        run = ["run_id"] if self.cube.each else []
        columns = list(dict.fromkeys((*STEP, *self.cube.by, *run, *wanted)))
        derived = {column: DERIVED[column] for column in columns if column in DERIVED} if self.cube.query else {}
        carried = [column for column in columns if column not in derived] + (["output"] if derived else [])
        kept = self._kept(carried)
        return self.define_rows("__cells", self.with_outputs(kept, derived) if derived else f"SELECT * FROM {kept}")

    def with_outputs(self, name: str, functions: Mapping[str, str]) -> str:
        """A query that adds columns to an expression: functions of `output`, asked once for each distinct output."""
        asked = ", ".join(f"{function} AS {column}" for column, function in functions.items())
        distinct = f"SELECT output, {asked} FROM (SELECT DISTINCT output FROM {name})"
        added = listed(functions, "d")
        return f"SELECT c.*, {added} FROM {name} AS c JOIN ({distinct}) AS d ON {same('c', 'd', ['output'])}"

    @property
    def _choice(self) -> Choice:
        """What is to be chosen from; within one run, runs are not."""
        if self.cube.query:
            return Choice.ROWS
        within_run = self.cube.each or "run_id" in self.cube.by
        return Choice.NOTHING if within_run and self.source.choice is Choice.RUNS else self.source.choice

    def _rows(self, columns: Iterable[str]) -> str:
        table = self._query() if self.cube.query else self.source.observations
        conditions = ["specified_oracle IS NOT TRUE", *self.selected]
        if self.cube.where:
            conditions.append(f"({self.cube.where})")
        selected = ", ".join(map(_required, dict.fromkeys(columns))) if self.cube.query else listed(columns)
        rows = f"SELECT {selected} FROM {table} AS observations WHERE {' AND '.join(conditions)}"
        return self.define_rows("__rows", rows)

    def _query(self) -> str:
        """The user's query as observations: keys and output have to be there, all else may be absent."""
        columns = self.observations.columns
        absent = ", ".join(f"NULL AS {identifier(column.name)}" for column in columns)
        named = f"WHERE true OR ({listed((*STEP, 'output'), GIVEN)}) IS NULL"
        rows = f"SELECT {absent} WHERE false UNION ALL BY NAME SELECT * FROM ({self.cube.query}) AS {GIVEN} {named}"
        return self.define("__query", f"SELECT {', '.join(map(_cast, columns))} FROM ({rows})")

    def _chosen(self, columns: list[str]) -> str:
        if self._choice is Choice.NOTHING:
            return self._rows(columns)
        context = CONTEXT[:1] if self._choice is Choice.RUNS else CONTEXT
        cell = [*self.cube.analysis, "implementation_id", "test_id", *(["run_id"] if self.cube.each else [])]
        rows = self._rows([*columns, *context, "created_at", "output"])
        runs = f"SELECT {listed([*cell, *context])}, max(created_at) AS __time FROM {rows} GROUP BY ALL"
        self.define("__runs", runs)
        latest = f"PARTITION BY {listed(cell)} {greatest_first(['__time', *context])}"
        self.define("__latest", f"SELECT * FROM __runs QUALIFY row_number() OVER ({latest}) = 1")
        answers = f"SELECT r.* FROM {rows} AS r JOIN __latest AS l ON {same('r', 'l', [*cell, *context])}"
        if self._choice is Choice.RUNS:
            return self.define("__chosen", f"SELECT {listed(columns)} FROM ({answers})")
        row = f"PARTITION BY {listed([*cell, 'step_id'])} {greatest_first(['created_at', 'output', *columns])}"
        one = f"SELECT {listed(columns)} FROM ({answers}) QUALIFY row_number() OVER ({row}) = 1"
        return self.define("__chosen", one)

    def _kept(self, columns: list[str]) -> str:
        steps, test = self.cube.steps, [*self.cube.analysis, "test_id"]
        if steps == "ALL":
            return self._chosen(columns)
        chosen = self._chosen([*columns, *(["operation", "output"] if steps == "EXCEPT CREATE" else [])])
        kept = f"SELECT {listed(columns, 'c')} FROM {chosen} AS c"
        if steps == "LAST":
            last = f"SELECT {listed(test)}, max(step_id) AS step_id FROM {chosen} GROUP BY ALL"
            kept += f" JOIN ({last}) AS l ON {same('c', 'l', [*test, 'step_id'])}"
        elif steps == "EXCEPT CREATE":
            created = f"SELECT {listed([*test, 'step_id'])} FROM {chosen} WHERE {CREATES}"
            kept += f" WHERE NOT EXISTS (SELECT 1 FROM ({created}) AS k WHERE {same('c', 'k', [*test, 'step_id'])})"
        else:
            kept += f" WHERE c.step_id IN ({', '.join(map(str, steps))})"
        return self.define("__kept", kept)


def _cast(column: Column) -> str:
    name = identifier(column.name)
    if column.name in DERIVED:
        return f"{DERIVED[column.name].replace('output', 'CAST(output AS VARCHAR)')} AS {name}"
    return f"CAST({name} AS {column.type}) AS {name}"


def _required(column: str) -> str:
    name, message = identifier(column), literal(f"FROM (query) gave a row without {column}")
    return f"coalesce({name}, error({message})) AS {name}" if column in STEP else name


def _named(target: Target) -> str:
    data_set = f"data_set_id = {literal(target.data_set.text)}"
    return f"({data_set} AND problem_id = {literal(target.problem.text)})" if target.problem else data_set
