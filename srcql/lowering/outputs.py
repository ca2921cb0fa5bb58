"""Functions of outputs, each called once for each distinct output or pair of outputs."""

from collections.abc import Mapping

from srcql.clauses.equality import Equality
from srcql.lowering.cte import Cte
from srcql.sql import listed, literal, same

# Columns that are stored with a row, as SQL over its output.
DERIVED = {"response_kind": "response_kind(output)", "response_key": "response_key(output)"}


def with_outputs(of: Cte, functions: Mapping[str, str]) -> str:
    """Return a query that adds columns to a CTE: name -> SQL over `output`."""
    calls = ", ".join(f"{function} AS {column}" for column, function in functions.items())
    distinct = f"SELECT output, {calls} FROM (SELECT DISTINCT output FROM {of})"
    added = listed(functions, "d")
    return f"SELECT c.*, {added} FROM {of} AS c JOIN ({distinct}) AS d ON {same('c', 'd', ['output'])}"


def equal_pairs(of: Cte, left: str, right: str, where: str, using: Equality) -> str:
    """Return a query of the distinct pairs of outputs in two columns, with `__equal` by TOLERANCE."""
    pairs = f"SELECT DISTINCT {left}, {right} FROM {of} WHERE {where}"
    return f"SELECT *, response_equal({left}, {right}, {literal(using.text)}) AS __equal FROM ({pairs})"
