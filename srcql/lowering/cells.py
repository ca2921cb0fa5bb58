"""What the shared clauses become: the common table expression `__cells`, which every verb selects from.

    __query     the user's own query, with all columns of observations        FROM (query)
    __rows      the observations that are selected                            FROM, WHERE
    __runs      the runs of each cell, and the contexts that they ran in      RUNS
    __latest    those that answer for the cell
    __chosen    their rows, one for each step
    __repeated  the same with what STABLE and ALL ask of a cell's runs
    __kept      those of the steps that count                                 STEPS
    __stable    one row for each step, of runs that were compared             RUNS STABLE
    __complete  those of implementations or tests that lack nothing           MISSING
    __cells     the same, with what is derived from outputs

All names that start with two underscores are the language's own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from srcql.clauses.conditions import repeatable
from srcql.clauses.cube import Cube, Target
from srcql.clauses.equality import Equality
from srcql.clauses.reader import Name
from srcql.errors import UnknownName, suggestion
from srcql.lowering import missing, runs, steps
from srcql.lowering.engines import Forms
from srcql.resolver import Choice, Resolver, Source
from srcql.schema import Column, Table
from srcql.sql import NEVER_NULL as STEP
from srcql.sql import identifier, listed, literal, same

Ask = Callable[[str, bool], list[tuple[Any, ...]] | None]
GIVEN = '"FROM (query)"'  # the user's query, as the engine calls it when it lacks a column
CODE = {"__code": "nullif(implementation_hash, '')"}  # NULL where it is not known
CAREFULLY = {
    "step_id": "CASE WHEN {0} <> TRY_CAST(step_id AS DECIMAL(38, 9))"
    " THEN error('FROM (query) gave a step_id that is no whole number') ELSE {0} END",
    # "specified": as SLICE calls it
    "specified_oracle": 'coalesce({0} OR CAST("specified" AS BOOLEAN), {0}, CAST("specified" AS BOOLEAN))',
}
NESTED = " OR ".join(f"typeof(output) LIKE '{form}'" for form in ("%]", "STRUCT(%", "MAP(%", "UNION(%"))
TEXT = (
    f"CASE WHEN {NESTED} THEN error('FROM (query) gave an output of the type ' || typeof(output)"
    " || ': to_json makes a text of it') ELSE CAST(output AS VARCHAR) END"
)
DERIVED = {"response_kind": "response_kind(output)", "response_key": "response_key(output)"}


class Lowering:
    """The common table expressions of one verb, in the order of their definition."""

    def __init__(self, cube: Cube, resolver: Resolver, forms: Forms, ask: Ask) -> None:
        self.cube = cube
        self.forms = forms
        self._ask = ask
        self._resolver = resolver
        self._defined: dict[str, str] = {}
        self.left_out: list[str] = []  # conditions of the verb's own on what is observed
        self.spared: str | None = None  # who MISSING DROP IMPLEMENTATIONS keeps, whatever is missing
        self._check_through()

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

    def ask(self, query: str) -> list[tuple[Any, ...]] | None:
        """The rows of a query over what is defined, asked before the verb is lowered; None without a store."""
        return self._ask(f"{self.with_} {query}" if self._defined else query, self.same_again)

    @property
    def same_again(self) -> bool:
        """Whether a snapshot gives the same rows each time that they are read."""
        return self.cube.query is None and repeatable(self.cube.where)

    def over(self, using: Equality) -> "Lowering":
        """A lowering of its own over these cells, once they are defined, by another equality."""
        return _Over(replace(self.cube, using=using), self._resolver, self.forms, self._ask)

    def side(self, cube: Cube, one_run: bool = False) -> "Lowering":
        """A lowering of its own over another cube; a query of the user's is read where this one defines it."""
        return _Side(cube, self._resolver, self.forms, lambda query, _: self.ask(f"SELECT * FROM ({query})"), one_run)

    def define(self, name: str, query: str) -> str:
        """Add an expression; gives its name."""
        self._defined[name] = f"{name} AS ({query})"
        return name

    def define_rows(self, name: str, query: str) -> str:
        """Add an expression with every selected row; gives its name.

        Rows that can be asked again with the same answer are not kept: a second scan is cheaper than a copy of them.
        """
        scanned = self.choice is Choice.NOTHING and not self.several_runs and repeatable(self.cube.where)
        self._defined[name] = f"{name} AS {'NOT MATERIALIZED ' if scanned else ''}({query})"
        return name

    @property
    def entry(self) -> str:
        """The name of an implementation in the result, as SQL over `c`."""
        return "c.implementation_id || '@' || coalesce(c.run_id, '')" if self.cube.each else "c.implementation_id"

    @property
    def identity(self) -> str:
        """Who gave a response, as SQL over `c`: two entries may have one name, where ids hold an @."""
        if not self.cube.each:
            return self.entry
        return "length(c.implementation_id) || ':' || c.implementation_id || coalesce('@' || c.run_id, '')"

    @property
    def selected(self) -> list[str]:
        """The conditions of FROM, as SQL over the keys of a problem."""
        targets = self.cube.selection.targets
        return [] if targets is None else [f"({' OR '.join(map(_named, targets))})"]

    @property
    def cell(self) -> list[str]:
        """The columns that say which cell a row belongs to."""
        run = ["run_id"] if self.cube.each else []
        return [*self.cube.analysis, *self.cube.within, "implementation_id", "test_id", *run]

    @property
    def several_runs(self) -> bool:
        """Whether a cell may have several runs that all count."""
        return self.cube.runs in ("STABLE", "ALL") and (self.cube.query is not None or self._choice_of_source())

    @property
    def compared(self) -> bool:
        """Whether runs are compared: `__cells` then has `__flaky` and `__cell_key`."""
        return self.several_runs and self.cube.runs == "STABLE"

    @property
    def weighed(self) -> bool:
        """Whether a run is one of several that vote: `__cells` then has `__runs`, their number."""
        return self.several_runs and self.cube.runs == "ALL"

    @property
    def choice(self) -> Choice:
        """What is to be chosen from; within one run, runs are not."""
        if self.cube.query:
            return Choice.ROWS
        within_run = self.cube.runs != "LATEST" or "run_id" in self.cube.by
        return Choice.NOTHING if within_run and self.source.choice is Choice.RUNS else self.source.choice

    def cells(self, wanted: Iterable[str]) -> str:
        """Define `__cells`: the columns of a step, of the analysis, and those wanted."""
        run = ["run_id"] if self.cube.runs in ("EACH", "ALL") else []
        columns = list(dict.fromkeys((*STEP, *self.cube.by, *self.cube.within, *run, *wanted)))
        derived = {column: DERIVED[column] for column in columns if column in DERIVED} if self.cube.query else {}
        stored = [column for column in columns if column not in derived]
        extra = runs.columns(self)
        kept = steps.kept(self, [*stored, *(["output"] if derived else []), *extra])
        if self.compared:
            kept = runs.stable(self, kept)
        if self.cube.missing in missing.DROPS:
            kept = missing.complete(self, kept)
        return self.define_rows("__cells", self.with_outputs(kept, derived) if derived else f"SELECT * FROM {kept}")

    def kind(self, of: str) -> str:
        """The kind of a response, as SQL over a row of `__cells`."""
        kind = f"{of}.response_kind"
        return f"CASE WHEN {of}.__flaky THEN 'FLAKY' ELSE {kind} END" if self.compared else kind

    def check_measure(self, name: Name, ours: Iterable[str]) -> None:
        """Refuse the name of a measure that nobody offers; `ours` are those of the language."""
        known = self._resolver.measures
        if known is not None and name.text not in known:
            hint = suggestion(name.text, {*ours, *known}, "measures")
            raise UnknownName(f"unknown measure {name.text}", span=name.span, hint=hint)

    def with_outputs(self, name: str, functions: Mapping[str, str]) -> str:
        """A query that adds columns to an expression: functions of `output`, asked once for each distinct output."""
        asked = ", ".join(f"{function} AS {column}" for column, function in functions.items())
        distinct = f"SELECT output, {asked} FROM (SELECT DISTINCT output FROM {name})"
        added = listed(functions, "d")
        return f"SELECT c.*, {added} FROM {name} AS c JOIN ({distinct}) AS d ON {same('c', 'd', ['output'])}"

    def table(self) -> str:
        """Where rows are selected from: the user's query, else the files of the selected problems."""
        return self._query() if self.cube.query else self.source.observations

    def rows(self, columns: Iterable[str]) -> str:
        """Define `__rows`: what was observed."""
        conditions = ["specified_oracle IS NOT TRUE", *self.selected, *self.left_out]
        if self.cube.where:
            conditions.append(f"({self.cube.where})")
        select = _required if self.cube.query else identifier
        selected = ", ".join(
            f"{CODE[column]} AS {column}" if column in CODE else select(column) for column in dict.fromkeys(columns)
        )
        rows = f"SELECT {selected} FROM {self.table()} AS observations WHERE {' AND '.join(conditions)}"
        return self.define_rows("__rows", rows)

    def _choice_of_source(self) -> bool:
        return self.source.choice is not Choice.NOTHING and "run_id" not in self.cube.by

    def _query(self) -> str:
        """The user's query as observations: keys and output have to be there, all else may be absent."""
        columns = self.observations.columns
        names = [*(column.name for column in columns), "specified"]
        absent = ", ".join(f"NULL AS {identifier(name)}" for name in names)
        named = f"WHERE true OR ({listed((*STEP, 'output'), GIVEN)}) IS NULL"
        rows = f"SELECT {absent} WHERE false UNION ALL BY NAME SELECT * FROM ({self.cube.query}) AS {GIVEN} {named}"
        return self.define("__query", f"SELECT {', '.join(map(_cast, columns))} FROM ({rows})")

    def _check_through(self) -> None:
        known, name = self._resolver.canonicalisers, self.cube.using.through
        if name and known is not None and name.text not in known:
            hint = suggestion(name.text, known, "canonicalisers")
            raise UnknownName(f"unknown canonicaliser {name.text}", span=name.span, hint=hint)


class _Over(Lowering):
    def cells(self, _: Iterable[str]) -> str:
        return "__cells"


class _Side(Lowering):
    def __init__(self, cube: Cube, resolver: Resolver, forms: Forms, ask: Ask, one_run: bool) -> None:
        super().__init__(cube, resolver, forms, ask)
        self._one_run = one_run

    @property
    def choice(self) -> Choice:
        found = super().choice
        return Choice.NOTHING if self._one_run and found is Choice.RUNS else found

    def table(self) -> str:
        return "__query" if self.cube.query else super().table()


def _cast(column: Column) -> str:
    name = identifier(column.name)
    if column.name in DERIVED:
        return f"{DERIVED[column.name].replace('output', TEXT)} AS {name}"
    if column.name == "output":
        return f"{TEXT} AS {name}"
    cast = f"CAST({name} AS {column.type})"
    return f"{CAREFULLY.get(column.name, '{0}').format(cast)} AS {name}"


def _required(column: str) -> str:
    name, message = identifier(column), literal(f"FROM (query) gave a row without {column}")
    return f"coalesce({name}, error({message})) AS {name}" if column in STEP else name


def _named(target: Target) -> str:
    data_set = f"data_set_id = {literal(target.data_set.text)}"
    return f"({data_set} AND problem_id = {literal(target.problem.text)})" if target.problem else data_set
