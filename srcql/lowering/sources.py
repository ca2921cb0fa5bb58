"""Source code of implementations and tests: a join takes the latest row of each, so that it multiplies no rows."""

from collections.abc import Iterable

from srcql.clauses.cube import KEY
from srcql.lowering.lowering import Lowering
from srcql.sql import greatest_first, listed, same


def left_join(lowering: Lowering, table: str, id_: str, columns: Iterable[str], alias: str) -> str:
    """Return the join of the relation `c` with each id's latest row of a table: greatest created_at, then hash."""
    key = (*KEY, id_)
    where = "".join(f" WHERE {condition}" for condition in lowering.selected)
    latest = greatest_first(("created_at", "code_hash", *columns))
    one = f"SELECT * FROM {table}{where} QUALIFY row_number() OVER (PARTITION BY {listed(key)} {latest}) = 1"
    return f" LEFT JOIN ({one}) AS {alias} ON {same('c', alias, key)}"
