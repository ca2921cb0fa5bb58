"""SLICE: the tall view, one row per (implementation, test, step) after all clauses.

    SLICE [* | column, …] FROM … [shared clauses] [WITH CODE] [WITH TESTS]

Without columns `…, test_id, step_id, implementation_id, run_id, operation, inputs, output, kind`; `*` is every column of
observations. WITH CODE adds `source_code, language`, WITH TESTS `test_source, focal_interface, test_language`.
"""

from typing import Any

from sqlglot.tokens import TokenType

from srcql.cells import Lowering, identifier, listed, same
from srcql.clauses import later
from srcql.cube import KEY
from srcql.errors import UnknownName, suggestion
from srcql.reader import Reader
from srcql.verbs.verb import Verb

DEFAULT = ("test_id", "step_id", "implementation_id", "run_id", "operation", "inputs", "output", "kind")
CODE = {"source_code": "source_code", "language": "language"}
TESTS = {"test_source": "source_code", "focal_interface": "focal_interface", "test_language": "language"}


class Slice(Verb):
    """One SLICE statement."""

    word = "SLICE"
    own = {
        "WITH CODE": lambda _: True,
        "WITH TESTS": lambda _: True,
        "WITH SPECIFIED": later("WITH SPECIFIED"),
    }
    order = ("test_id", "step_id", "implementation_id", "run_id")

    @classmethod
    def read_head(cls, reader: Reader) -> Any:
        """Read the columns; none are the default ones."""
        if reader.at("FROM"):
            return DEFAULT
        if reader.sign(TokenType.STAR):
            return tuple(column.name for column in reader.observations.columns)
        return reader.listed(lambda: _column(reader))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        added = [*(CODE if "WITH CODE" in self.clauses else ()), *(TESTS if "WITH TESTS" in self.clauses else ())]
        return tuple(dict.fromkeys((*self.cube.analysis, *self.head, *added)))

    def select(self, lowering: Lowering) -> str:
        """Join code and tests to the cells, without multiplying them."""
        kind = ["response_kind"] if "kind" in self.head else []
        known = {column.name for column in lowering.observations.columns}
        shown = [column for column in self.head if column in known]
        lowering.cells([*shown, "run_id", *kind])
        joins, added = [], []
        if "WITH CODE" in self.clauses:
            added += [f"s.{stored} AS {column}" for column, stored in CODE.items()]
            key = (*KEY, "implementation_id")
            joins.append(_latest(lowering.source.code_implementations, key, CODE.values(), "s"))
        if "WITH TESTS" in self.clauses:
            added += [f"w.{stored} AS {column}" for column, stored in TESTS.items()]
            joins.append(_latest(lowering.source.tests, (*KEY, "test_id"), TESTS.values(), "w"))
        entry = [f"{lowering.entry} AS implementation_id"]
        rest = [
            f"c.{identifier(c)}"
            for c in dict.fromkeys((*self.cube.analysis, *shown, "test_id", "step_id", "run_id"))
            if c != "implementation_id"
        ]
        kinds = ["c.response_kind AS kind"] if kind else []
        return f"SELECT {', '.join([*rest, *entry, *kinds, *added])} FROM __cells AS c{''.join(joins)}"


def _column(reader: Reader) -> str:
    name = reader.name("a column")
    known = {column.name.lower(): column.name for column in reader.observations.columns} | {"kind": "kind"}
    if name.text.lower() not in known:
        hint = suggestion(name.text, known.values(), "columns")
        raise reader.error(f"unknown column {name.text}", name.span, hint, UnknownName)
    return known[name.text.lower()]


def _latest(table: str, key: tuple[str, ...], columns: Any, alias: str) -> str:
    order = ", ".join(f"{column} DESC NULLS LAST" for column in dict.fromkeys(("created_at", "code_hash", *columns)))
    last = f"SELECT * FROM {table} QUALIFY row_number() OVER (PARTITION BY {listed(key)} ORDER BY {order}) = 1"
    return f" LEFT JOIN ({last}) AS {alias} ON {same('c', alias, key)}"
