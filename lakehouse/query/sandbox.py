"""The check that a statement only reads tables of the lakehouse.

It checks the tree of DuckDB's own parser (`json_serialize_sql`, which accepts queries only), so that the checked query
is the query that runs. Every table must be a table of the lakehouse, a CTE or the result of an allowed function; paths
are rejected.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from lakehouse.query.catalog import ALL_TABLES, DB_SCHEMA, INFORMATION_SCHEMA, INFORMATION_TABLES, LISTING
from lakehouse.query.functions import TABLE_FUNCTIONS, is_forbidden
from lakehouse.query.parse_tree import Node, parse_tree
from lakehouse.query.spans import UNKNOWN_OFFSET, span_of
from lakehouse.query.wording import reworded
from srcql.clauses.reader import Span
from srcql.errors import Forbidden, InvalidQuery, SrcqlError, UnknownName, Unsupported, suggestion

CATALOGS = frozenset({"", "temp"})  # names of the catalog are replaced before
SCHEMAS = frozenset({"", DB_SCHEMA})
SYSTEM_PREFIXES = ("duckdb_", "pg_", "pragma_", "sqlite_")
LISTS = frozenset({'"tables"', '"variables"'})  # of SHOW, inside a query
PATH_CHARACTERS = frozenset("./\\*?[:")
PIVOT = re.compile(r"[\s(]*(SELECT|FROM|WITH|PIVOT)\b.*\bPIVOT\b|[\s(]*PIVOT\b", re.IGNORECASE | re.DOTALL)
HINT = "read the lakehouse with SELECT and the verbs of SRCQL; write to it with ingest"


@dataclass(frozen=True)
class Inspection:
    """The names of the tables and parameters that a query reads, and whether it lists the tables of the lakehouse."""

    tables: frozenset[str]
    parameters: frozenset[str]
    lists_tables: bool = False


def inspect(connection: duckdb.DuckDBPyConnection, sql: str, known: frozenset[str]) -> Inspection:
    """Return what a query reads of the `known` tables.

    Raises, with a span in `sql`: InvalidQuery unless there is exactly one query, UnknownName for an unknown table,
    Forbidden for anything outside the lakehouse.

    >>> with duckdb.connect() as connection:
    ...     inspect(connection, "SELECT ? FROM observations, range(3)", frozenset({"observations"}))
    Inspection(tables=frozenset({'observations'}), parameters=frozenset({'1'}), lists_tables=False)
    """
    statement = _parse(connection, sql)
    scoped = list(_nodes_in_scope(statement))
    tables = {_table(sql, node, known, ctes) for node, ctes in scoped if node.get("type") == "BASE_TABLE"}
    for node, _ in scoped:
        _check_function(sql, node)
        _check_shown(sql, node, known)
    parameters = frozenset(entry["key"] for entry in statement["named_param_map"])
    return Inspection(known & tables, parameters, any(_lists_tables(node) for node, _ in scoped))


def _parse(connection: duckdb.DuckDBPyConnection, sql: str) -> Node:
    """Return the parse tree of one query."""
    try:
        tree = parse_tree(connection, sql)
    except RecursionError:
        raise InvalidQuery("the statement is nested too deeply", hint="split it with WITH") from None
    if tree["error"]:
        raise _parse_error(sql, tree)
    statements: list[Node] = tree["statements"]
    if not statements:
        raise InvalidQuery("expected a query, found none")
    if len(statements) > 1:
        raise InvalidQuery(f"expected one statement, found {len(statements)}", hint="send each statement alone")
    return statements[0]


def _parse_error(sql: str, error: Node) -> SrcqlError:
    if error["error_type"] == "not implemented" and PIVOT.match(sql):
        message = "PIVOT needs the values that become columns"
        return InvalidQuery(message, hint="use PIVOT table ON column IN (value, …) USING aggregate")
    if error["error_type"] == "not implemented":
        return Forbidden("expected a query, found another kind of statement", hint=HINT)
    start, length = json.loads(error.get("location", f"[{UNKNOWN_OFFSET}, 0]"))
    return reworded(InvalidQuery, error["error_message"], sql, span_of(sql, start, length))


def _nodes_in_scope(tree: Any) -> Iterator[tuple[Node, frozenset[str]]]:
    """Yield every node of a parse tree with the names of the CTEs that are visible there."""
    waiting: list[tuple[Any, frozenset[str]]] = [(tree, frozenset())]
    while waiting:
        found, ctes = waiting.pop()
        if isinstance(found, dict):
            yield found, ctes
            if found.get("type") == "RECURSIVE_CTE_NODE":
                ctes |= {found["cte_name"].lower()}
            for entry in found.get("cte_map", {}).get("map", ()):
                waiting.append((entry["value"], ctes))
                ctes |= {entry["key"].lower()}
            waiting.extend((part, ctes) for key, part in found.items() if key != "cte_map")
        elif isinstance(found, list):
            waiting.extend((part, ctes) for part in found)


def _table(sql: str, node: Node, known: frozenset[str], ctes: frozenset[str]) -> str:
    """Return the name of a table in lower case if the query may read it; empty for a CTE, which may hide a table."""
    name, schema, catalog = (node[key].lower() for key in ("table_name", "schema_name", "catalog_name"))
    is_cte = not schema and not catalog and name in ctes
    if node["at_clause"] and is_cte:
        message = f"AT cannot follow the common table expression {node['table_name']}"
        raise InvalidQuery(message, span=_span(sql, node), hint="use AT after a table, inside the expression")
    _check_inside(sql, node, name, schema, catalog)
    if schema != LISTING and not is_cte and name not in known:
        raise _unknown_table(sql, node, known)
    if node["at_clause"]:
        hint = "use FROM observations AT (VERSION => …)"
        raise Unsupported("AT is not supported here", span=_span(sql, node), hint=hint)
    return "" if is_cte else str(name)


def _unknown_table(sql: str, node: Node, known: frozenset[str]) -> UnknownName:
    public = [table for table in known if not table.startswith("__")]
    hint = suggestion(node["table_name"], public, "tables")
    return UnknownName(f"unknown table {node['table_name']}", span=_span(sql, node), hint=hint)


def _check_inside(sql: str, node: Node, name: str, schema: str, catalog: str) -> None:
    """Raise Forbidden for a path, a system table, or a table of another schema or database."""
    is_list = (catalog, schema) == ("memory", LISTING)
    outside = not is_list and (schema not in SCHEMAS or catalog not in CATALOGS or name.startswith(SYSTEM_PREFIXES))
    if outside or not PATH_CHARACTERS.isdisjoint(name):
        raise Forbidden(f"{node['table_name']} is not a table of the lakehouse", span=_span(sql, node), hint=HINT)
    if is_list and name not in (*INFORMATION_TABLES, ALL_TABLES):
        hint = f"tables of {INFORMATION_SCHEMA}: {', '.join(INFORMATION_TABLES)}"
        raise Forbidden(f"{node['table_name']} is not a table of the lakehouse", span=_span(sql, node), hint=hint)


def _check_function(sql: str, node: Node) -> None:
    if node.get("type") == "TABLE_FUNCTION":
        name = node["function"].get("function_name", "").lower()
        if name not in TABLE_FUNCTIONS:
            allowed = f"table functions: {', '.join(sorted(TABLE_FUNCTIONS))}"
            raise Forbidden(f"{name} is not a table function of the lakehouse", span=_span(sql, node), hint=allowed)
    if is_forbidden(str(node.get("function_name", "")).lower()):
        raise Forbidden(f"{node['function_name']} is not a function of the lakehouse", span=_span(sql, node))


def _check_shown(sql: str, node: Node, known: frozenset[str]) -> None:
    """Raise an error if SHOW names anything but a table or a list of tables: DuckDB would also show its settings."""
    if node.get("type") != "SHOW_REF" or node["query"]:
        return
    if node["show_type"] == "SHOW_FROM":
        if node["schema_name"].lower() not in SCHEMAS or node["catalog_name"].lower() not in CATALOGS:
            raise Forbidden(f"{node['schema_name']} is not a schema of the lakehouse", hint=HINT)
    elif node["table_name"].lower() not in known | LISTS:
        raise _unknown_table(sql, node, known)


def _lists_tables(node: Node) -> bool:
    return node.get("type") == "SHOW_REF" or node.get("schema_name") == LISTING


def _span(sql: str, node: Node) -> Span | None:
    return span_of(sql, node["query_location"], node["query_location_length"])
