"""AGAINST: the reference that responses are held to, and what it expects at each step.

    AGAINST SPECIFIED [NULL DEFINED] | ORACLE [([USING …] own clauses of ORACLE)] [LEAVE ONE OUT]
        | IMPLEMENTATION id | RUN id

`__references` has what the reference says: the columns of a step, those of its owner, and `output`. A value without
owner is expected of everybody, else of the implementation (RUN) or of the one that was left out (LEAVE ONE OUT).
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from srcql.clauses.conditions import parts_on
from srcql.clauses.cube import KEY
from srcql.clauses.equality import Equality
from srcql.clauses.reader import Name, Reader, Span
from srcql.errors import UnknownName, suggestion
from srcql.lowering import runs, specified, steps
from srcql.sql import listed, literal
from srcql.verbs.oracle import Oracle
from srcql.verbs.verb import read_clauses

if TYPE_CHECKING:
    from srcql.lowering.cells import Lowering

KINDS = ("SPECIFIED", "ORACLE", "IMPLEMENTATION", "RUN")


@dataclass(frozen=True)
class Against:
    """The clause as it was read; `clauses` are those in the parentheses of ORACLE."""

    kind: str
    span: Span
    name: Name | None = None
    null_defined: bool = False
    clauses: tuple[tuple[str, Any], ...] = ()
    leave_one_out: bool = False

    @property
    def using(self) -> Equality | None:
        """By which equality the oracle votes, if it is another."""
        return dict(self.clauses).get("USING")

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

    def prepare(self, lowering: "Lowering") -> None:
        """Refuse a name that nobody has, and keep the reference apart; cells are not defined yet."""
        if self.name is None:
            return
        self._find(lowering, self.name)
        if self.kind == "RUN":
            lowering.left_out.append(f"run_id IS DISTINCT FROM {literal(self.name.text)}")
        else:
            lowering.spared = self.name.text

    def references(self, lowering: "Lowering") -> str:
        """Define `__references`; `__traces` is defined before."""
        said = {"SPECIFIED": self._specified, "ORACLE": self._oracle, "RUN": self._run}.get(self.kind)
        return lowering.define("__references", said(lowering) if said else self._implementation(lowering))

    def belongs(self, lowering: "Lowering") -> str:
        """That the expectation `e` is meant for the implementation `c`, whose own response is `t`."""
        if self.kind == "RUN":
            return " AND e.implementation_id = c.implementation_id"
        if not self.leave_one_out:
            return ""
        oracle = Oracle(lowering.cube, None, dict(self.clauses), self.span)
        return f" AND e.__who = CASE WHEN {oracle.votes(lowering)} THEN t.__who ELSE '' END"

    def _specified(self, lowering: "Lowering") -> str:
        rows = specified.expected(lowering, [*lowering.cube.analysis, "output"])
        return f"SELECT {listed([*_step(lowering), 'output'])} FROM {rows}"

    def _implementation(self, lowering: "Lowering") -> str:
        output = f"CASE WHEN {lowering.kind('t')} <> 'FLAKY' THEN t.output END AS output"
        return f"SELECT {listed(_step(lowering), 't')}, {output} FROM __traces AS t WHERE {self.unchecked}"

    def _oracle(self, lowering: "Lowering") -> str:
        cube = lowering.cube if self.using is None else replace(lowering.cube, using=self.using)
        oracle, inner = Oracle(cube, None, dict(self.clauses), self.span), lowering.over(cube.using)
        rows, columns = oracle.select(inner), [*_step(lowering), "output"]
        if not self.leave_one_out:
            return f"SELECT {listed(columns)} FROM ({inner.with_} {rows})"
        voters = f"SELECT {listed([*columns, '__who'])} FROM ({oracle.leaving_one_out(inner)})"
        everyone = f"SELECT {listed(columns)}, '' AS __who FROM ({rows})"
        return f"{inner.with_} {voters} UNION ALL {everyone}"

    def _run(self, lowering: "Lowering") -> str:
        """What each implementation answered in that run, in its latest context."""
        assert self.name is not None
        cube, step = lowering.cube, [*_step(lowering), "implementation_id"]
        conditions = ["specified_oracle IS NOT TRUE", f"run_id = {literal(self.name.text)}", *lowering.selected]
        conditions += [f"({part})" for part in specified.repeated(lowering, [cube.where] if cube.where else [])]
        columns = listed([*step, *runs.CONTEXT, "created_at", "output"])
        rows = f"SELECT {columns} FROM {lowering.table()} AS observations WHERE {' AND '.join(conditions)}"
        lowering.define("__run", rows)
        cell = [*cube.analysis, "implementation_id", "test_id"]
        latest = runs.latest(lowering, "__run", cell, runs.CONTEXT, [*step, "output"], of="reference_")
        return f"SELECT {listed([*step, 'output'], 'c')} FROM {latest} AS c{steps.counting(lowering)}"

    def _find(self, lowering: "Lowering", name: Name) -> None:
        """Ask whether the selected problems have it, whatever else WHERE says of their rows."""
        parts = [part for part in parts_on(lowering.cube.where, KEY) if not part.tree.find(*UNBOUND)]
        conditions = ["specified_oracle IS NOT TRUE", *lowering.selected, *(f"({part})" for part in parts)]
        rows = f"SELECT * FROM {lowering.table()} AS observations WHERE {' AND '.join(conditions)}"
        called = "c.run_id" if self.kind == "RUN" else lowering.entry
        found = lowering.ask(f"SELECT DISTINCT {called} FROM ({rows}) AS c WHERE {called} IS NOT NULL")
        names = [row[0] for row in found or ()]
        if names and name.text not in names:
            what = self.kind.lower()
            raise UnknownName(
                f"unknown {what} {name.text}", span=name.span, hint=suggestion(name.text, names, f"{what}s")
            )


UNBOUND = (exp.Placeholder, exp.Parameter)


def against(reader: Reader) -> Against:
    """AGAINST and its reference."""
    start = reader.span[0]
    reader.take("AGAINST")
    kind = reader.expect(KINDS)
    read: dict[str, Any] = {}
    if kind == "SPECIFIED":
        read["null_defined"] = reader.take("NULL DEFINED")
    elif kind == "ORACLE":
        read["clauses"] = _clauses_of_oracle(reader)
        read["leave_one_out"] = reader.take("LEAVE ONE OUT")
    else:
        read["name"] = reader.name("an implementation" if kind == "IMPLEMENTATION" else "a run")
    return Against(kind, (start, reader.end), **read)


def _clauses_of_oracle(reader: Reader) -> tuple[tuple[str, Any], ...]:
    if not reader.sign(TokenType.L_PAREN):
        return ()
    grammar = {"USING": Oracle.shared["USING"], **Oracle.own}
    clauses = read_clauses(reader, grammar, grammar)
    if not reader.sign(TokenType.R_PAREN):
        what = ", ".join(words.replace("|", ", ") for words in grammar)
        raise reader.expected(") after the clauses of ORACLE", f"in this order: {what}")
    return tuple(clauses.items())


def check(reader: Reader, cube_using: Equality, runs_: str, clause: Against) -> None:
    """Refuse a reference that does not go with the shared clauses."""
    if clause.kind != "ORACLE":
        return
    if cube_using.tolerance and clause.using is None:
        hint = "AGAINST ORACLE (USING DIGITS 6) votes by classes, and its outcome is compared by TOLERANCE"
        raise reader.error("ORACLE needs an equality of its own: TOLERANCE makes no classes", clause.span, hint)
    if runs_ == "STABLE" and clause.using not in (None, cube_using):
        raise reader.error("RUNS STABLE compares runs by one equality, and ORACLE has another", clause.span)
    clusters = next((words for words, value in clause.clauses if value == "CLUSTER"), None)
    if clause.leave_one_out and clusters:
        hint = "PER STEP, with TIE NULL or TIE LEAST"
        raise reader.error(f"LEAVE ONE OUT takes no {clusters} CLUSTER", clause.span, hint)


def _step(lowering: "Lowering") -> list[str]:
    return [*lowering.cube.analysis, "test_id", "step_id"]
