"""SLICE: the tall view, one row per (implementation, test, step) after all clauses.

    SLICE [* | column, …] FROM … [shared clauses] [WITH CODE] [WITH TESTS]

Without columns `…, test_id, step_id, implementation_id, run_id, operation, inputs, output, kind`; `*` is every column
of observations. WITH CODE adds `source_code, language`, WITH TESTS `test_source, focal_interface, test_language`.
Ordered by test, step, implementation and run.
"""

from collections.abc import Mapping
from typing import Any

from sqlglot.tokenizer_core import TokenType

from srcql.cells import Lowering
from srcql.clauses import Later, flag
from srcql.cube import KEY
from srcql.errors import UnknownName, suggestion
from srcql.reader import Reader
from srcql.sql import greatest_first, listed, same
from srcql.verbs.verb import Verb

DEFAULT = ("test_id", "step_id", "implementation_id", "run_id", "operation", "inputs", "output", "kind")
CODE = {"source_code": "source_code", "language": "language"}
TESTS = {"test_source": "source_code", "focal_interface": "focal_interface", "test_language": "language"}


class Slice(Verb):
    """One SLICE statement."""

    word = "SLICE"
    form = "SLICE [* | column, …]"
    own = {  # noqa: RUF012
        "WITH CODE": flag("WITH CODE"),
        "WITH TESTS": flag("WITH TESTS"),
        "WITH SPECIFIED": Later("WITH SPECIFIED"),
    }
    results = ("kind", *CODE, *TESTS)
    order = ("test_id", "step_id", "implementation_id", "run_id")

    @classmethod
    def read_head(cls, reader: Reader) -> Any:
        """Read the columns; without any, the default ones."""
        if reader.at("FROM"):
            return DEFAULT
        if reader.sign(TokenType.STAR):
            return tuple(column.name for column in reader.observations.columns)
        return reader.listed(lambda: _column(reader))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        code = CODE if "WITH CODE" in self.clauses else {}
        tests = TESTS if "WITH TESTS" in self.clauses else {}
        return (*dict.fromkeys((*self.cube.analysis, *self.head)), *code, *tests)

    def select(self, lowering: Lowering) -> str:
        """Join code and tests to the cells, of several the latest, so that no row is multiplied."""
        shown = [column for column in self.head if column != "kind"]
        cells = lowering.cells([*shown, "run_id", *(["response_kind"] if "kind" in self.head else [])])
        columns = [column for column in (*self.cube.analysis, *self.order, *shown) if column != "implementation_id"]
        selected = [listed(columns, "c"), f"{lowering.entry} AS implementation_id"]
        selected += ["c.response_kind AS kind"] if "kind" in self.head else []
        joins = ""
        if "WITH CODE" in self.clauses:
            selected += [f"s.{stored} AS {column}" for column, stored in CODE.items()]
            joins += _latest(lowering, lowering.source.code_implementations, "implementation_id", CODE, "s")
        if "WITH TESTS" in self.clauses:
            selected += [f"w.{stored} AS {column}" for column, stored in TESTS.items()]
            joins += _latest(lowering, lowering.source.tests, "test_id", TESTS, "w")
        return f"SELECT {', '.join(selected)} FROM {cells} AS c{joins}"


def _column(reader: Reader) -> str:
    name = reader.name("a column")
    known = {column.name.lower(): column.name for column in reader.observations.columns} | {"kind": "kind"}
    if name.text.lower() not in known:
        added = {**dict.fromkeys(CODE, "WITH CODE"), **dict.fromkeys(TESTS, "WITH TESTS")}.get(name.text.lower())
        hint = f"{added} adds it" if added else suggestion(name.text, known.values(), "columns")
        raise reader.error(f"unknown column {name.text}", name.span, hint, UnknownName)
    return known[name.text.lower()]


def _latest(lowering: Lowering, table: str, id_: str, columns: Mapping[str, str], alias: str) -> str:
    key = (*KEY, id_)
    where = "".join(f" WHERE {condition}" for condition in lowering.selected)
    latest = greatest_first(("created_at", "code_hash", *columns.values()))
    one = f"SELECT * FROM {table}{where} QUALIFY row_number() OVER (PARTITION BY {listed(key)} {latest}) = 1"
    return f" LEFT JOIN ({one}) AS {alias} ON {same('c', alias, key)}"
