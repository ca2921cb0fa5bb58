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
    """Reads SRCQL: a tree has each verb as the query that it stands for."""

    def parse(self, sql: str, **opts: Any) -> list[exp.Expr | None]:
        """The statements of a text; raises SrcqlError children for a mistake in a verb."""
        return [*trees(compile(sql).sql, **opts)]
