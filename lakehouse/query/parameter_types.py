"""What is known of a statement's parameters before they have values: their types, and whether it can be bound at all.

Each has the type of the other operand of its operator. DuckDB does not type parameters before values are bound. Its
parser finds the other operand here, and its binder the type of that operand in the query around it.
"""

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from lakehouse.query.parse_tree import Node, parse_tree

LIMIT_TYPE = "BIGINT"
TEMPLATE = "SELECT 1"
Scope = tuple[Node, ...]


def parameter_types(cursor: duckdb.DuckDBPyConnection, sql: str) -> dict[int, str]:
    """Return the DuckDB types of a query's numbered parameters, without those whose type is unknown.

    The cursor must have the tables of the query.

    >>> with duckdb.connect() as connection:
    ...     parameter_types(connection, "SELECT $1, $2::DATE FROM range(9) AS t(n) WHERE n < $3 LIMIT $4")
    {2: 'DATE', 3: 'BIGINT', 4: 'BIGINT'}
    """
    found: dict[int, str] = {}
    tree = parse_tree(cursor, sql)["statements"][0]
    for parameter, parent, scope in _parameters_in(tree, {}, (), {}):
        number = int(parameter["identifier"]) if parameter["identifier"].isdecimal() else None
        if number and number not in found and (kind := _type_at(cursor, parameter, parent, scope)):
            found[number] = kind
    return dict(sorted(found.items()))


def awaits_values(cursor: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Return whether a query may be right although it cannot be bound with NULL for all parameters.

    DuckDB prepares what depends on the values of parameters, and rejects what is wrong for all values.

    >>> with duckdb.connect() as connection:
    ...     awaits_values(connection, "SELECT x FROM unnest(?) t(x)"), awaits_values(connection, "SELECT missing, ?")
    (True, False)
    """
    try:
        cursor.execute(f"PREPARE awaiting AS {sql}")
    except duckdb.Error:
        return False
    return True


def _parameters_in(tree: Any, parent: Node, selects: Scope, ctes: Node) -> Iterator[tuple[Node, Node, Scope]]:
    """Yield every parameter, the expression that contains it, and the selects around it, innermost first."""
    if isinstance(tree, list):
        for part in tree:
            yield from _parameters_in(part, parent, selects, ctes)
    elif isinstance(tree, dict):
        if tree.get("type") == "VALUE_PARAMETER":
            yield tree, parent, selects
            return
        ctes = {"map": [*ctes.get("map", ()), *tree.get("cte_map", {}).get("map", ())]}
        if tree.get("type") == "SELECT_NODE":
            selects = ({"from_table": tree["from_table"], "cte_map": ctes}, *selects)
        inside = tree if "type" in tree else parent  # a wrapper of an expression has no type
        for part in tree.values():
            yield from _parameters_in(part, inside, selects, ctes)


def _type_at(cursor: duckdb.DuckDBPyConnection, parameter: Node, parent: Node, selects: Scope) -> str | None:
    """Return the type that the expression around a parameter implies."""
    if parent.get("type") in ("LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER"):
        return LIMIT_TYPE
    if parent.get("type") == "OPERATOR_CAST":
        return _type_of(cursor, parent, {})
    kinds = (_type_of(cursor, other, select) for other in _other_operands(parameter, parent) for select in selects)
    return next((kind for kind in kinds if kind is not None), None)


def _other_operands(parameter: Node, parent: Node) -> Iterator[Node]:
    """Yield the expressions with which a parameter is compared or computed."""
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
    """Return the type of an expression over the tables of a select; None if it cannot be bound there or is NULL."""
    query = parse_tree(cursor, TEMPLATE)
    query["statements"][0]["node"].update(select, select_list=[expression])
    try:
        [(sql,)] = cursor.execute("SELECT json_deserialize_sql(?::JSON)", [json.dumps(query)]).fetchall()
        names = cursor.extract_statements(sql)[0].named_parameters
        kind = str(cursor.sql(sql, params=dict.fromkeys(names)).types[0])
    except duckdb.Error:
        return None
    return None if kind in ('"NULL"', "NULL", "UNKNOWN") else kind
