"""What a statement may do: read the lakehouse's tables, nothing else.

DuckDB's own parser takes the text apart (`json_serialize_sql`, which knows queries only), so that what is checked is
what will run. Every table must be one of the lakehouse's, a CTE, or come from a function on the list; no path is one.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from lakehouse.query.wording import told
from srcql.errors import Forbidden, InvalidQuery, UnknownName, Unsupported, suggestion

TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "json_each", "json_tree"})
CATALOGS = frozenset({"", "temp"})
SCHEMAS = frozenset({"", "main", "information_schema"})
LISTED = frozenset({"tables", "columns", "schemata"})  # views would tell where files lie
SYSTEM = ("duckdb_", "pg_", "pragma_", "sqlite_")
HIDDEN_FUNCTIONS = frozenset(
    {
        *("current_setting", "getenv", "getvariable"),  # the process, its settings
        *("setseed", "setval", "nextval", "currval", "write_log"),  # what outlasts the statement
        *("json_serialize_plan", "current_query", "current_query_id", "parse_duckdb_log_message"),  # plans, logs
        *("pg_get_viewdef", "pg_get_constraintdef", "get_block_size", "format_type"),  # macros over system tables
        *("stats", "vector_type"),  # how rows are laid out
        *("sleep_ms", "pg_sleep"),  # what holds a slot
    }
)
PATH_LETTERS = frozenset("./\\*?[:")
NOWHERE = 2**63
PIVOT = re.compile(r"[\s(]*(SELECT|FROM|WITH|PIVOT)\b.*\bPIVOT\b|[\s(]*PIVOT\b", re.IGNORECASE | re.DOTALL)
HINT = "the lakehouse is read with SELECT and the verbs of SRCQL, and filled by ingest"


@dataclass(frozen=True)
class Reading:
    """What a query reads: tables and parameters, by name, and whether it lists what tables there are."""

    tables: frozenset[str]
    parameters: frozenset[str]
    lists: bool = False


def inspect(connection: duckdb.DuckDBPyConnection, sql: str, known: frozenset[str]) -> Reading:
    """What one query reads of the `known` tables.

    Raises InvalidQuery for what is not one query, Forbidden for what reaches outside, UnknownName for another table,
    with spans in `sql`.

    >>> with duckdb.connect() as connection:
    ...     inspect(connection, "SELECT ? FROM observations, range(3)", frozenset({"observations"}))
    Reading(tables=frozenset({'observations'}), parameters=frozenset({'1'}), lists=False)
    """
    statement = _parsed(connection, sql)
    scoped = list(_scoped(statement))
    tables = frozenset(_table(sql, node, known, ctes) for node, ctes in scoped if node.get("type") == "BASE_TABLE")
    nodes = [node for node, _ in scoped]
    for node in nodes:
        if node.get("type") == "TABLE_FUNCTION":
            _check_function(sql, node)
        if str(node.get("function_name", "")).lower() in HIDDEN_FUNCTIONS:
            raise Forbidden(f"{node['function_name']} is not a function of the lakehouse", span=_span(sql, node))
    lists = any(node.get("type") == "SHOW_REF" or node.get("schema_name") == "information_schema" for node in nodes)
    return Reading(tables & known, frozenset(entry["key"] for entry in statement["named_param_map"]), lists)


def _parsed(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
    assert row
    try:
        parsed = json.loads(row[0])
    except RecursionError:
        raise InvalidQuery("the statement is nested too deeply", hint="split it with WITH") from None
    if parsed["error"]:
        raise _refused(sql, parsed)
    statements = parsed["statements"]
    if not statements:
        raise InvalidQuery("expected a query, found none")
    if len(statements) > 1:
        raise InvalidQuery(f"expected one statement, found {len(statements)}", hint="send them one by one")
    return statements[0]


def _refused(sql: str, error: dict[str, Any]) -> Exception:
    if error["error_type"] == "not implemented" and PIVOT.match(sql):
        message = "PIVOT lists the values that become columns"
        return InvalidQuery(message, hint="PIVOT table ON column IN (value, …) USING aggregate")
    if error["error_type"] == "not implemented":
        return Forbidden("expected a query, found a statement of another sort", hint=HINT)
    start, length = json.loads(error.get("location", f"[{NOWHERE}, 0]"))
    return told(InvalidQuery, error["error_message"], sql, span_of(sql, start, length))


def _scoped(tree: Any) -> Iterator[tuple[dict[str, Any], frozenset[str]]]:
    """Every node, with the common table expressions that can be seen from it."""
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


def _table(sql: str, node: dict[str, Any], known: frozenset[str], ctes: frozenset[str]) -> str:
    """Name of the table, in lower case, if it may be read; empty for a CTE, which may hide a table of its name."""
    name, schema, catalog = node["table_name"], node["schema_name"].lower(), node["catalog_name"].lower()
    cte = not schema and not catalog and name.lower() in ctes
    if node["at_clause"] and cte:
        hint = "AT follows a table of the lakehouse; there it may stand inside the expression"
        raise InvalidQuery(f"{name} is a common table expression, and has no past", span=_span(sql, node), hint=hint)
    outside = schema not in SCHEMAS or catalog not in CATALOGS or name.lower().startswith(SYSTEM)
    if outside or not PATH_LETTERS.isdisjoint(name):
        raise Forbidden(f"{name} is not a table of the lakehouse", span=_span(sql, node), hint=HINT)
    if schema == "information_schema" and name.lower() not in LISTED:
        hint = f"of information_schema there are {', '.join(sorted(LISTED))}"
        raise Forbidden(f"{name} is not a table of the lakehouse", span=_span(sql, node), hint=hint)
    if schema != "information_schema" and not cte and name.lower() not in known:
        public = [table for table in known if not table.startswith("__")]
        raise UnknownName(f"unknown table {name}", span=_span(sql, node), hint=suggestion(name, public, "tables"))
    if node["at_clause"]:
        raise Unsupported("AT is not available here", span=_span(sql, node), hint="FROM observations AT (VERSION => …)")
    return "" if cte else str(name.lower())


def _check_function(sql: str, node: dict[str, Any]) -> None:
    name = node["function"].get("function_name", "").lower()
    if name not in TABLE_FUNCTIONS:
        allowed = f"table functions: {', '.join(sorted(TABLE_FUNCTIONS))}"
        raise Forbidden(f"{name} is not a table function of the lakehouse", span=_span(sql, node), hint=allowed)


def _span(sql: str, node: dict[str, Any]) -> tuple[int, int] | None:
    return span_of(sql, node["query_location"], node["query_location_length"])


def span_of(sql: str, start: int, length: int) -> tuple[int, int] | None:
    """Letters of `sql` that DuckDB's byte offsets mean; None where it knows none.

    >>> span_of("SELECT 'é' FROM t", 17, 1)
    (16, 17)
    """
    if start >= NOWHERE:
        return None
    before, part = (sql.encode()[at : at + size].decode(errors="ignore") for at, size in ((0, start), (start, length)))
    return len(before), len(before) + max(1, len(part))
