"""The lowering of one verb: its cube, the store that it reads, and the CTEs that are defined so far."""

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

from srcql.clauses.conditions import repeatable
from srcql.clauses.cube import Cube, Target
from srcql.clauses.equality import Equality
from srcql.clauses.reader import Name
from srcql.errors import UnknownName, suggestion
from srcql.lowering.cte import Cte
from srcql.lowering.engines import Forms
from srcql.lowering.user_query import as_observations
from srcql.resolver import Choice, Resolver, Source
from srcql.schema import Table
from srcql.sql import literal

Answer = list[tuple[Any, ...]] | None
Ask = Callable[[str, bool], Answer]


class Lowering:
    """Define the CTEs of one verb, in order, over its cube and the store.

    `query` is the CTE of the user's query, if an outer lowering defines it. `one_run` states that all rows are of one
    run. `conditions` restrict the observations that are read; `spared` is the entry that MISSING DROP IMPLEMENTATIONS
    keeps.
    """

    def __init__(
        self, cube: Cube, resolver: Resolver, forms: Forms, ask: Ask, *, query: Cte | None = None, one_run: bool = False
    ) -> None:
        self.cube = cube
        self.forms = forms
        self._ask = ask
        self._resolver = resolver
        self._outer_query = query
        self._one_run = one_run
        self._defined: dict[str, str] = {}
        self.conditions: tuple[str, ...] = ()
        self.spared: str | None = None
        self._check_through()

    def restricted(self, condition: str) -> Self:
        """Return this lowering, reading only the observations with a condition; it defines CTEs in the same WITH."""
        derived = copy(self)
        derived.conditions = (*self.conditions, condition)
        return derived

    def sparing(self, entry: str) -> Self:
        """Return this lowering, where MISSING DROP IMPLEMENTATIONS keeps one; it defines CTEs in the same WITH."""
        derived = copy(self)
        derived.spared = entry
        return derived

    def over(self, using: Equality) -> "Lowering":
        """Return a new lowering by another equality, whose SQL is nested in this one's and reads its cells."""
        return Lowering(replace(self.cube, using=using), self._resolver, self.forms, self._ask)

    def side(self, cube: Cube, one_run: bool = False) -> "Lowering":
        """Return a new lowering of another cube that asks the store, and reads the user's query, through this one."""
        query = self._query() if self.cube.query else None
        return Lowering(
            cube,
            self._resolver,
            self.forms,
            lambda sql, _: self.ask(f"SELECT * FROM ({sql})"),
            query=query,
            one_run=one_run,
        )

    @cached_property
    def source(self) -> Source:
        """The tables that hold the rows of this cube."""
        return self._resolver.source(self.cube.selection)

    @property
    def observations(self) -> Table:
        """The table of observations, with all its columns."""
        return self._resolver.observations

    @property
    def with_(self) -> str:
        """The WITH clause."""
        return "WITH " + ", ".join(self._defined.values())

    def ask(self, query: str) -> Answer:
        """Return the rows of a query over the CTEs defined so far; None without a store."""
        return self._ask(f"{self.with_} {query}" if self._defined else query, self.same_again)

    @property
    def same_again(self) -> bool:
        """Whether repeated reads of a snapshot return the same rows."""
        return self.cube.query is None and repeatable(self.cube.where)

    def define(self, name: str, query: str) -> Cte:
        """Add a CTE and return it."""
        self._defined[name] = f"{name} AS ({query})"
        return Cte(name)

    def define_rows(self, name: str, query: str) -> Cte:
        """Add a CTE that holds every selected row, and return it.

        If a second scan returns the same rows, it is cheaper than a copy: such a CTE is not materialized.
        """
        scanned = self.choice is Choice.NOTHING and not self.several_runs and repeatable(self.cube.where)
        self._defined[name] = f"{name} AS {'NOT MATERIALIZED ' if scanned else ''}({query})"
        return Cte(name)

    @property
    def table(self) -> str:
        """The relation that rows are selected from: the user's query, else the files of the selected problems."""
        return str(self._query()) if self.cube.query else self.source.observations

    @property
    def entry(self) -> str:
        """The name of an implementation in the result, as SQL over `c`."""
        return "c.implementation_id || '@' || coalesce(c.run_id, '')" if self.cube.each else "c.implementation_id"

    @property
    def identity(self) -> str:
        """The unique name of an entry, as SQL over `c`: where ids hold an @, two entries may share `entry`."""
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
        """The columns that identify the cell of a row."""
        run = ["run_id"] if self.cube.each else []
        return [*self.cube.analysis, *self.cube.within, "implementation_id", "test_id", *run]

    @property
    def test(self) -> list[str]:
        """The columns that identify a test in its analysis."""
        return [*self.cube.analysis, "test_id"]

    @property
    def step(self) -> list[str]:
        """The columns that identify a step in its analysis."""
        return [*self.test, "step_id"]

    @property
    def several_runs(self) -> bool:
        """Whether several runs of a cell count."""
        return self.cube.runs in ("STABLE", "ALL") and (self.cube.query is not None or self._choice_of_source())

    @property
    def compared(self) -> bool:
        """Whether runs are compared: cells then have `__flaky` and `__cell_key`."""
        return self.several_runs and self.cube.runs == "STABLE"

    @property
    def weighed(self) -> bool:
        """Whether a run is one of several that vote: cells then have `__runs`, their number."""
        return self.several_runs and self.cube.runs == "ALL"

    @property
    def choice(self) -> Choice:
        """What RUNS chooses from; within one run, it chooses no runs."""
        if self.cube.query:
            return Choice.ROWS
        within_run = self._one_run or self.cube.runs != "LATEST" or "run_id" in self.cube.by
        return Choice.NOTHING if within_run and self.source.choice is Choice.RUNS else self.source.choice

    def kind(self, of: str) -> str:
        """The kind of a response, as SQL over a row of the cells."""
        kind = f"{of}.response_kind"
        return f"CASE WHEN {of}.__flaky THEN 'FLAKY' ELSE {kind} END" if self.compared else kind

    def check_measure(self, name: Name, built_in: Iterable[str]) -> None:
        """Raise UnknownName for the name of a measure that does not exist; `built_in` are those of the language."""
        known = self._resolver.measures
        if known is not None and name.text not in known:
            hint = suggestion(name.text, {*built_in, *known}, "measures")
            raise UnknownName(f"unknown measure {name.text}", span=name.span, hint=hint)

    def _choice_of_source(self) -> bool:
        return self.source.choice is not Choice.NOTHING and "run_id" not in self.cube.by

    def _query(self) -> Cte:
        assert self.cube.query is not None
        if self._outer_query:
            return self._outer_query
        return self.define("__query", as_observations(self.cube.query, self.observations.columns))

    def _check_through(self) -> None:
        known, name = self._resolver.canonicalisers, self.cube.using.through
        if name and known is not None and name.text not in known:
            hint = suggestion(name.text, known, "canonicalisers")
            raise UnknownName(f"unknown canonicaliser {name.text}", span=name.span, hint=hint)


def _named(target: Target) -> str:
    data_set = f"data_set_id = {literal(target.data_set.text)}"
    return f"({data_set} AND problem_id = {literal(target.problem.text)})" if target.problem else data_set
