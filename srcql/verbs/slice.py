"""SLICE: the observations in long form, one row for each (implementation, test, step).

    SLICE [* | column, …] FROM … [shared clauses] [WITH CODE] [WITH TESTS] [WITH SPECIFIED]

Without columns `…, test_id, step_id, implementation_id, run_id, operation, inputs, output, kind`; `*` is every column
of observations. WITH CODE adds `source_code, language`, WITH TESTS `test_source, focal_interface, test_language`,
WITH SPECIFIED the expected steps and `specified`.
Ordered by test, step, implementation and run.
"""

from dataclasses import dataclass

from sqlglot.tokenizer_core import TokenType

from srcql.clauses.cube import Selection
from srcql.clauses.reader import Reader
from srcql.clauses.reading import field
from srcql.clauses.shared import flag, observed_column
from srcql.lowering import sources, specified
from srcql.lowering.cells import cells
from srcql.lowering.lowering import Lowering
from srcql.sql import listed
from srcql.verbs.verb import Verb

DEFAULT = ("test_id", "step_id", "implementation_id", "run_id", "operation", "inputs", "output", "kind")
CODE = {"source_code": "source_code", "language": "language"}
TESTS = {"test_source": "source_code", "focal_interface": "focal_interface", "test_language": "language"}
ADDED = {
    **dict.fromkeys(CODE, "WITH CODE"),
    **dict.fromkeys(TESTS, "WITH TESTS"),
    "specified": "WITH SPECIFIED",
}


@dataclass(frozen=True)
class SliceClauses:
    """The own clauses of SLICE."""

    with_code: bool = False
    with_tests: bool = False
    with_specified: bool = False


class Slice(Verb):
    """One SLICE statement."""

    word = "SLICE"
    form = "SLICE [* | column, …]"
    own = {
        "WITH CODE": flag("WITH CODE"),
        "WITH TESTS": flag("WITH TESTS"),
        "WITH SPECIFIED": flag("WITH SPECIFIED"),
    }
    own_clauses = SliceClauses
    head: tuple[str, ...]
    clauses: SliceClauses
    results = ("kind", *ADDED)
    order = ("test_id", "step_id", "implementation_id", "run_id")

    @classmethod
    def read_head(cls, reader: Reader) -> tuple[str, ...]:
        """Read the columns; without any, the default ones."""
        if reader.at("FROM"):
            return DEFAULT
        if reader.sign(TokenType.STAR):
            return tuple(column.name for column in reader.observations.columns)
        return reader.listed(lambda: observed_column(reader, ADDED))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        added = [column for column, words in ADDED.items() if getattr(self.clauses, field(words))]
        return (*dict.fromkeys((*self.cube.analysis, *self.head)), *added)

    @property
    def sorted_by(self) -> tuple[str, ...]:
        """Its order within an analysis: what was expected comes after what was observed."""
        return (*self.order, "specified") if self.clauses.with_specified else self.order

    @property
    def partitionable(self) -> Selection | None:
        """The selection: rows come problem by problem, and no row depends on another problem."""
        return None if self.tail.pieces or self.cube.query else self.cube.selection

    def select(self, lowering: Lowering) -> str:
        """Join code and tests to the steps; of several versions the latest, so that the join multiplies no rows."""
        steps, joins = self._steps(lowering), ""
        added = ["c.specified"] if self.clauses.with_specified else []
        if self.clauses.with_code:
            added += [f"s.{stored} AS {column}" for column, stored in CODE.items()]
            table = lowering.source.code_implementations
            joins += sources.left_join(lowering, table, "implementation_id", CODE.values(), "s")
        if self.clauses.with_tests:
            added += [f"w.{stored} AS {column}" for column, stored in TESTS.items()]
            joins += sources.left_join(lowering, lowering.source.tests, "test_id", TESTS.values(), "w")
        columns = [column for column in self._shown if column != "implementation_id"]
        selected = [listed(columns, "c"), "c.__entry AS implementation_id", *added]
        return f"SELECT {', '.join(selected)} FROM ({steps}) AS c{joins}"

    @property
    def _shown(self) -> list[str]:
        return list(dict.fromkeys((*self.cube.analysis, *self.order, *self.head)))

    def _steps(self, lowering: Lowering) -> str:
        """Return a query of the observed and, WITH SPECIFIED, the expected steps; `__entry` is the implementation."""
        stored = [column for column in self._shown if column != "kind"]
        kinds = ["response_kind"] if "kind" in self.head else []
        found = cells(lowering, [*stored, *kinds])
        columns, kind = listed(stored, "c"), f", {lowering.kind('c')} AS kind" if kinds else ""
        observed = f"SELECT {columns}, {lowering.entry} AS __entry{kind}"
        if not self.clauses.with_specified:
            return f"{observed} FROM {found} AS c"
        rows = specified.expected(lowering, found, [*stored, *kinds])
        expected = f"SELECT {columns}, c.implementation_id{', c.response_kind' if kinds else ''}"
        return f"{observed}, false AS specified FROM {found} AS c UNION ALL {expected}, true FROM {rows} AS c"
