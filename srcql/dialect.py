"""The dialect `srcql` of sqlglot: DuckDB's, with the verbs.

>>> import sqlglot
>>> sqlglot.transpile("SELECT size FROM (CLUSTER FROM MBPP)", read="srcql", write="duckdb")[0][:40]
'SELECT size FROM (SELECT data_set_id, pr'
"""

from typing import Any

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

from srcql.compiler import compile
from srcql.trees import trees


class Srcql(DuckDB):
    """Parses SRCQL: a tree has the query of each verb in its place."""

    def parse(self, sql: str, **opts: Any) -> list[exp.Expr | None]:
        """Return the statements of a text; raises an SrcqlError for a mistake in a verb."""
        return [*trees(compile(sql).sql, **opts)]
