"""FROM and WHERE: the observations that a verb reads."""

from collections.abc import Iterable

from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
from srcql.lowering.user_query import not_null
from srcql.sql import identifier

CODE = {"__code": "nullif(implementation_hash, '')"}  # NULL where the code is unknown


def rows(lowering: Lowering, columns: Iterable[str]) -> Cte:
    """Define `__rows`: these columns of the selected observations, without expected values."""
    cube = lowering.cube
    conditions = ["specified_oracle IS NOT TRUE", *lowering.selected, *lowering.conditions]
    if cube.where:
        conditions.append(f"({cube.where})")
    select = not_null if cube.query else identifier
    shown = (f"{CODE[column]} AS {column}" if column in CODE else select(column) for column in dict.fromkeys(columns))
    query = f"SELECT {', '.join(shown)} FROM {lowering.table} AS observations WHERE {' AND '.join(conditions)}"
    return lowering.define_rows("__rows", query)
