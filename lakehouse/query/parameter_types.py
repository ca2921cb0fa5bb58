"""The types that the parameters of a statement stand for: that of the other side of their operator.

DuckDB knows none before values are bound. Its own parser says what stands at the other side, and its binder of which
type that is, in the query around it.
"""

import json
from collections.abc import Iterator
from typing import Any

import duckdb

NUMBER_OF_ROWS = "BIGINT"
EMPTY = "SELECT 1"
Node = dict[str, Any]
Scope = tuple[Node, ...]


def parameter_types(cursor: duckdb.DuckDBPyConnection, sql: str) -> dict[int, str]:
    """DuckDB's types of the numbered parameters of a query whose tables the cursor knows, where there is one.

    >>> with duckdb.connect() as connection:
    ...     parameter_types(connection, "SELECT $1, $2::DATE FROM range(9) AS t(n) WHERE n < $3 LIMIT $4")
    {2: 'DATE', 3: 'BIGINT', 4: 'BIGINT'}
    """
    found: dict[int, str] = {}
    tree = _parsed(cursor, sql)["statements"][0]
    for parameter, parent, scope in _placed(tree, {}, (), {}):
        number = int(parameter["identifier"]) if parameter["identifier"].isdecimal() else None
        if number and number not in found and (kind := _type_at(cursor, parameter, parent, scope)):
            found[number] = kind
    return dict(sorted(found.items()))


def _parsed(cursor: duckdb.DuckDBPyConnection, sql: str) -> Any:
    [(tree,)] = cursor.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()
    return json.loads(tree)


def _placed(tree: Any, parent: Node, selects: Scope, ctes: Node) -> Iterator[tuple[Node, Node, Scope]]:
    """Every parameter, the expression that it stands in, and the selects around it, from within, that it may read."""
    if isinstance(tree, list):
        for part in tree:
            yield from _placed(part, parent, selects, ctes)
    elif isinstance(tree, dict):
        if tree.get("type") == "VALUE_PARAMETER":
            yield tree, parent, selects
            return
        ctes = {"map": [*ctes.get("map", ()), *tree.get("cte_map", {}).get("map", ())]}
        if tree.get("type") == "SELECT_NODE":
            selects = ({"from_table": tree["from_table"], "cte_map": ctes}, *selects)
        inside = tree if "type" in tree else parent  # a wrapper of an expression is none
        for part in tree.values():
            yield from _placed(part, inside, selects, ctes)


def _type_at(cursor: duckdb.DuckDBPyConnection, parameter: Node, parent: Node, selects: Scope) -> str | None:
    if parent.get("type") in ("LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER"):
        return NUMBER_OF_ROWS
    if parent.get("type") == "OPERATOR_CAST":
        return _type_of(cursor, parent, {})
    for other in _others(parameter, parent):
        for select in selects:
            if (kind := _type_of(cursor, other, select)) is not None:
                return kind
    return None


def _others(parameter: Node, parent: Node) -> Iterator[Node]:
    """What a parameter is compared or computed with."""
    if parent.get("type") == "SUBQUERY" and parent.get("child") is parameter:
        yield parent | {"subquery_type": "SCALAR", "child": None, "comparison_type": "INVALID"}
        return
    if parent.get("class") not in ("COMPARISON", "BETWEEN") and not (
        parent.get("type") in ("COMPARE_IN", "COMPARE_NOT_IN") or parent.get("is_operator")
    ):
        return
    sides = [parent.get(key) for key in ("left", "right", "input", "lower", "upper")]
    operands = [*sides, *parent.get("children", ()), *(item["expression"] for item in parent.get("arguments", ()))]
    for operand in operands:
        if operand and operand is not parameter and operand.get("type") != "VALUE_PARAMETER":
            yield operand


def _type_of(cursor: duckdb.DuckDBPyConnection, expression: Node, select: Node) -> str | None:
    """The type of an expression over what a select reads; None where it cannot be bound there, or has none."""
    query = _parsed(cursor, EMPTY)
    query["statements"][0]["node"].update(select, select_list=[expression])
    try:
        [(sql,)] = cursor.execute("SELECT json_deserialize_sql(?::JSON)", [json.dumps(query)]).fetchall()
        names = cursor.extract_statements(sql)[0].named_parameters
        kind = str(cursor.sql(sql, params=dict.fromkeys(names)).types[0])
    except duckdb.Error:
        return None
    return None if kind in ('"NULL"', "NULL", "UNKNOWN") else kind
