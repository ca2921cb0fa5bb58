"""Lowered SQL as sqlglot's trees, for other dialects, lineage and analysis."""

from typing import Any

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.parsers.duckdb import DuckDBParser

from srcql.tokens import read_tokens


class EngineParser(DuckDBParser):
    """Parses DuckDB's SQL with the functions of udfs."""

    FUNCTIONS = DuckDBParser.FUNCTIONS.copy()
    del FUNCTIONS["MINHASH"]  # sqlglot's has another list of arguments than ours


def trees(sql: str, **opts: Any) -> list[exp.Expr]:
    """Return the statements of lowered SQL; each common table expression of the language has a unique name.

    Dialects that allow WITH only at the top of a statement collect them there. `opts` are those of sqlglot's parser.

    >>> two = "SELECT * FROM (WITH __a AS (SELECT 1) FROM __a), (WITH __a AS (SELECT 2) FROM __a)"
    >>> [cte.alias for cte in trees(two)[0].find_all(exp.CTE)]
    ['__a_1', '__a_2']
    """
    parsed = EngineParser(dialect=DuckDB(), **opts).parse(read_tokens(sql), sql)
    found = [tree for tree in parsed if tree is not None]
    for tree in found:
        clauses = [with_ for with_ in tree.find_all(exp.With, bfs=False) if with_.expressions[0].alias.startswith("__")]
        for number, with_ in reversed(list(enumerate(clauses, start=1))):  # inner ones first: they hide outer ones
            _rename(with_, number)
    return found


def _rename(with_: exp.With, number: int) -> None:
    scope = with_.parent
    assert scope
    names = {cte.alias: f"{cte.alias}_{number}" for cte in with_.expressions}
    for cte in with_.expressions:
        cte.args["alias"].this.set("this", names[cte.alias])
    for table in scope.find_all(exp.Table):
        if table.name in names:
            table.this.set("this", names[table.name])
