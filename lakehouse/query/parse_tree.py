"""DuckDB's parse tree of a query, as JSON."""

import json
from typing import Any

import duckdb

Node = dict[str, Any]


def parse_tree(connection: duckdb.DuckDBPyConnection, sql: str) -> Node:
    """Return DuckDB's tree of some SQL without running it: `statements`, or `error` for anything but queries.

    >>> with duckdb.connect() as connection:
    ...     tree = parse_tree(connection, "SELECT 1; SELECT 2")
    >>> tree["error"], len(tree["statements"])
    (False, 2)
    """
    [(text,)] = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()
    tree: Node = json.loads(text)
    return tree
