"""AGAINST: the reference that responses are held to, and what it expects at each step.

    AGAINST SPECIFIED [NULL DEFINED] | ORACLE [([USING …] own clauses of ORACLE)] [LEAVE ONE OUT]
        | IMPLEMENTATION id | RUN id

`__references` has what the reference says: the columns of a step, those of its owner, and `output`. A value without
owner is expected of everybody, else of the implementation (RUN) or of the one that was left out (LEAVE ONE OUT).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from srcql.clauses.conditions import parts_on
from srcql.clauses.cube import KEY
from srcql.clauses.equality import Equality
from srcql.clauses.reader import Name, Span
from srcql.errors import UnknownName, suggestion
from srcql.lowering import outcomes, runs, specified
from srcql.lowering.behaviour import Traces, traces_of
from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
from srcql.lowering.voting import DEFAULT_RULES, VotingRules, count_votes, is_vote
from srcql.sql import listed, literal


@dataclass(frozen=True)
class Against:
    """The clause as it was read; `rules` and `using` are those in the parentheses of ORACLE."""

    kind: str
    span: Span
    name: Name | None = None
    null_defined: bool = False
    rules: VotingRules = DEFAULT_RULES
    using: Equality | None = None
    leave_one_out: bool = False

    @property
    def owner(self) -> str | None:
        """The column of `__traces` that says to whom an expectation belongs; None when it is everybody's."""
        return "implementation_id" if self.kind == "RUN" else "__who" if self.leave_one_out else None

    @property
    def undefined(self) -> tuple[str, ...]:
        """The kinds of a response that expect nothing."""
        null = self.kind == "SPECIFIED" and not self.null_defined
        return ("NA", "UNDEFINED", "REF", *(["NULL"] if null else []))

    @property
    def unchecked(self) -> str:
        """Who is not checked, as SQL over `t`, a row of `__traces`."""
        return f"t.__entry = {literal(self.name.text)}" if self.kind == "IMPLEMENTATION" and self.name else "false"

    @property
    def extra_key(self) -> list[str]:
        """Columns that are read for the oracle alone."""
        using = self.using
        return ["response_key"] if self.kind == "ORACLE" and using and using.stored == "response_key" else []

    def apart(self, lowering: Lowering) -> Lowering:
        """Return the lowering that keeps the reference apart from the rows that are checked.

        Raises UnknownName for an implementation or run that the selected problems do not have.
        """
        if self.name is None:
            return lowering
        self._find(lowering, self.name)
        if self.kind == "RUN":
            return lowering.restricted(f"run_id IS DISTINCT FROM {literal(self.name.text)}")
        return lowering.sparing(self.name.text)

    def references(self, lowering: Lowering, traces: Traces) -> Cte:
        """Define `__references`: the columns of a step, those of its owner, and `output`."""
        queries = {"SPECIFIED": self._specified, "ORACLE": self._oracle, "RUN": self._run}
        return lowering.define("__references", queries.get(self.kind, self._implementation)(lowering, traces))

    def belongs(self, lowering: Lowering) -> str:
        """Return the condition that the expectation `e` is for the implementation `c`, whose own response is `t`."""
        if self.kind == "RUN":
            return " AND e.implementation_id = c.implementation_id"
        if not self.leave_one_out:
            return ""
        return f" AND e.__who = CASE WHEN {is_vote(lowering, self.rules)} THEN t.__who ELSE '' END"

    def _specified(self, lowering: Lowering, traces: Traces) -> str:
        rows = specified.expected(lowering, traces.cells, [*lowering.cube.analysis, "output"])
        return f"SELECT {listed([*lowering.step, 'output'])} FROM {rows}"

    def _implementation(self, lowering: Lowering, traces: Traces) -> str:
        output = f"CASE WHEN {lowering.kind('t')} <> 'FLAKY' THEN t.output END AS output"
        return f"SELECT {listed(lowering.step, 't')}, {output} FROM {traces} AS t WHERE {self.unchecked}"

    def _oracle(self, lowering: Lowering, traces: Traces) -> str:
        inner = lowering.over(self.using or lowering.cube.using)
        votes = count_votes(inner, self.rules, traces_of(inner, traces.cells))
        rows, columns = outcomes.decided(inner, self.rules, votes), [*lowering.step, "output"]
        if not self.leave_one_out:
            return f"SELECT {listed(columns)} FROM ({inner.with_} {rows})"
        left = outcomes.leaving_one_out(inner, self.rules, votes)
        voters = f"SELECT {listed([*columns, '__who'])} FROM ({left})"
        everyone = f"SELECT {listed(columns)}, '' AS __who FROM ({rows})"
        return f"{inner.with_} {voters} UNION ALL {everyone}"

    def _run(self, lowering: Lowering, traces: Traces) -> str:
        """What each implementation answered in that run, in its latest context."""
        step = [*lowering.step, "implementation_id"]
        rows = lowering.define("__run", self._rows_of_run(lowering, step))
        cell = [*lowering.cube.analysis, "implementation_id", "test_id"]
        latest = runs.latest(lowering, rows, cell, runs.CONTEXT, [*step, "output"], of="reference_")
        return f"SELECT {listed([*step, 'output'], 'c')} FROM {latest} AS c{traces.cells.counting}"

    def _rows_of_run(self, lowering: Lowering, step: Sequence[str]) -> str:
        assert self.name is not None
        where = lowering.cube.where
        conditions = ["specified_oracle IS NOT TRUE", f"run_id = {literal(self.name.text)}", *lowering.selected]
        conditions += [f"({part})" for part in specified.repeated(lowering, [where] if where else [])]
        columns = listed([*step, *runs.CONTEXT, "created_at", "output"])
        return f"SELECT {columns} FROM {lowering.table} AS observations WHERE {' AND '.join(conditions)}"

    def _find(self, lowering: Lowering, name: Name) -> None:
        """Look for the name in the selected problems, whatever else WHERE says of their rows."""
        parts = [part for part in parts_on(lowering.cube.where, KEY) if not part.tree.find(*UNBOUND)]
        conditions = ["specified_oracle IS NOT TRUE", *lowering.selected, *(f"({part})" for part in parts)]
        rows = f"SELECT * FROM {lowering.table} AS observations WHERE {' AND '.join(conditions)}"
        column = "c.run_id" if self.kind == "RUN" else lowering.entry
        found = lowering.ask(f"SELECT DISTINCT {column} FROM ({rows}) AS c WHERE {column} IS NOT NULL")
        names = [row[0] for row in found or ()]
        if names and name.text not in names:
            what = self.kind.lower()
            hint = suggestion(name.text, names, f"{what}s")
            raise UnknownName(f"unknown {what} {name.text}", span=name.span, hint=hint)


UNBOUND = (exp.Placeholder, exp.Parameter)
