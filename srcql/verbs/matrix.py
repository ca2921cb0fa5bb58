"""MATRIX: the stimulus-response matrix (SRM) of one problem, with one column for each implementation.

    MATRIX [output | kind | column] FROM … [shared clauses] [ROWS STEP | TEST] [AT MOST n] [WITH SPECIFIED]
        [WITH INPUTS]

Columns: `…, test_id, step_id`, then the implementations ordered by id, with observed values before expected values of
the same id. With ROWS TEST `…, test_id`, then lists of the steps' values. Names that are equal, ignoring case, get
`_1`, `_2`. A cell without row is NULL. WITH INPUTS adds `inputs`, of ROWS TEST a list, before the implementations.
Ordered by test and step.
"""

from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from srcql.clauses.reader import MARK, Piece, Reader
from srcql.clauses.shared import choice, flag, observed_column, whole_number
from srcql.errors import InvalidQuery, Unsupported
from srcql.lowering import specified
from srcql.lowering.cells import cells
from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
from srcql.sql import identifier, listed, literal, quoted, same
from srcql.verbs.verb import Verb

CHANGED = "MATRIX needs rows that do not change between reads"


@dataclass(frozen=True)
class MatrixClauses:
    """The own clauses of MATRIX."""

    rows: str = "STEP"
    at_most: int = 1000
    with_specified: bool = False
    with_inputs: bool = False


class Matrix(Verb):
    """One MATRIX statement."""

    word = "MATRIX"
    form = "MATRIX [output | kind | column]"
    own = {
        "ROWS": choice("ROWS", ("STEP", "TEST")),
        "AT MOST": whole_number("AT MOST", "a number of columns"),
        "WITH SPECIFIED": flag("WITH SPECIFIED"),
        "WITH INPUTS": flag("WITH INPUTS"),
    }
    own_clauses = MatrixClauses
    head: str
    clauses: MatrixClauses
    results = ("kind",)
    order = ("test_id", "step_id")

    @classmethod
    def read_head(cls, reader: Reader) -> str:
        """Read what a cell shows: the response, unless another column is named."""
        return "output" if reader.at("FROM") else observed_column(reader, {})

    def check_order(self, reader: Reader, order: Piece) -> None:
        """Accept any order: the columns are known only when the implementations are."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are known before the implementations are; `lower` shows all."""
        return ()

    @property
    def sorted_by(self) -> tuple[str, ...]:
        """Its order within an analysis."""
        return ("test_id",) if self.clauses.rows == "TEST" else self.order

    def select(self, lowering: Lowering) -> str:
        """Pivot the values of the cells, one column for each entry."""
        steps = lowering.define("__steps", self._steps(lowering))
        rows = [*self.cube.analysis, *self.sorted_by]
        pivot = self._pivot(lowering, lowering.define("__values", self._values(steps)), listed(rows))
        if not self.clauses.with_inputs:
            return pivot
        inputs = (
            f"SELECT {listed(lowering.step)}, min(__inputs) AS inputs FROM {steps} GROUP BY {listed(lowering.step)}"
        )
        if self.sorted_by != self.order:
            each = f"list(inputs ORDER BY step_id) AS inputs FROM ({inputs})"
            inputs = f"SELECT {listed(rows)}, {each} GROUP BY {listed(rows)}"
        columns = f"{listed(rows, 'm')}, i.inputs, m.* EXCLUDE ({listed(rows)})"
        return f"SELECT {columns} FROM ({pivot}) AS m JOIN ({inputs}) AS i ON {same('m', 'i', rows)}"

    def _pivot(self, lowering: Lowering, values: Cte, rows: str) -> str:
        found = lowering.ask(f"SELECT DISTINCT data_set_id, problem_id, __entry, __specified, __who FROM {values}")
        if found is None:
            return self._dynamic(lowering, values, rows)
        columns = self._columns(found)
        if not columns:
            return f"SELECT {rows} FROM {values}"
        among = ", ".join(f"{literal(who)} AS {quoted(name)}" for who, name in columns.items())
        who = "__who"
        if not lowering.same_again:
            known = ", ".join(map(literal, columns))
            who = f"CASE WHEN __who IN ({known}) THEN __who ELSE error({literal(CHANGED)}) END AS __who"
        pivoted = f"SELECT {rows}, {who}, __value FROM {values}"
        pivot = f"PIVOT (max(__value) FOR __who IN ({among}) GROUP BY {rows})"
        return f"SELECT {rows}, {', '.join(map(quoted, columns.values()))} FROM ({pivoted}) {pivot}"

    def _dynamic(self, lowering: Lowering, values: Cte, rows: str) -> str:
        if not lowering.forms.dynamic_pivot:
            hint = "run it on a lakehouse, which knows the implementations"
            raise Unsupported("the SQL of this engine does not support MATRIX", span=self.place, hint=hint)
        pivoted = f"SELECT {rows}, __entry, __value FROM {values}"
        return f"SELECT * FROM (PIVOT ({pivoted}) ON __entry USING max(__value) GROUP BY {rows})"

    def _steps(self, lowering: Lowering) -> str:
        """Return a query of the value of each cell for each step."""
        kind, column = self.head == "kind", "response_kind" if self.head == "kind" else self.head
        shown = ["inputs"] if self.clauses.with_inputs else []
        found = cells(lowering, [column, *shown])
        step = listed(lowering.step, "c")
        value = lowering.kind("c") if kind else f"c.{identifier(column)}"
        inputs = ", c.inputs AS __inputs" if shown else ""
        names = f"{lowering.entry} AS __entry, false AS __specified, 'o' || {lowering.identity} AS __who"
        steps = f"SELECT {step}, {names}, {value} AS __value{inputs} FROM {found} AS c"
        if self.clauses.with_specified:
            rows = specified.expected(lowering, found, [*self.cube.analysis, column, *shown])
            names = "c.implementation_id, true, 's' || c.implementation_id"
            steps += f" UNION ALL SELECT {step}, {names}, c.{identifier(column)}{inputs} FROM {rows} AS c"
        return steps

    def _values(self, steps: Cte) -> str:
        """Return a query of the value of each cell in a row of the result: of ROWS TEST the list of its steps."""
        if self.sorted_by == self.order:
            return f"SELECT * FROM {steps}"
        cell = listed([*self.cube.analysis, "test_id", "__entry", "__specified", "__who"])
        return f"SELECT {cell}, list(__value ORDER BY step_id) AS __value FROM {steps} GROUP BY {cell}"

    def _columns(self, found: list[tuple[Any, ...]]) -> dict[str, str]:
        """Return the name of each column, by `__who`."""
        self._check_one_problem({row[:2] for row in found})
        entries = dict.fromkeys(sorted(row[2:] for row in found))
        most = self.clauses.at_most
        if len(entries) > most:
            hint = f"use AT MOST {len(entries)}, or select fewer implementations with WHERE"
            raise InvalidQuery(
                f"MATRIX has {len(entries)} columns, and at most {most} are allowed", span=self.place, hint=hint
            )
        if odd := next((name for name, _, _ in entries if MARK in name), None):
            hint = "use SLICE to read its responses"
            raise InvalidQuery(f"{odd!r} cannot be the name of a column", span=self.place, hint=hint)
        fixed = (*self.cube.analysis, *self.sorted_by, *(["inputs"] if self.clauses.with_inputs else []))
        used = {"", *(name.lower() for name in fixed)}
        return {who: _unique(name, used) for name, _, who in entries}

    def _check_one_problem(self, problems: set[tuple[str, str]]) -> None:
        if len(problems) > 1:
            shown = [f"MATRIX FROM {quoted(data_set)}.{quoted(problem)}" for data_set, problem in sorted(problems)[:2]]
            message = f"expected one problem, found {len(problems)}"
            raise InvalidQuery(message, span=self.place, hint=f"use one MATRIX for each problem: {', '.join(shown)}, …")


def _unique(name: str, used: set[str]) -> str:
    """Return the name, with the first number that makes it unique, ignoring case."""
    free = next(text for text in chain([name], (f"{name}_{n}" for n in count(1))) if text.lower() not in used)
    used.add(free.lower())
    return free
