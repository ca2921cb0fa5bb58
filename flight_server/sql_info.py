"""What the server says of itself: a table of infos, each in the child of the union that clients read it from.

Source: `SqlInfo` of FlightSql.proto, whose comments say which type each info has.
"""

from collections.abc import Collection
from importlib.metadata import version
from typing import Any

import pyarrow as pa

from srcql.schema import TABLES

TEXT, FLAG, BIGINT, BITS, TEXTS, MAP = range(6)
CHILDREN = (
    pa.field("string_value", pa.string()),
    pa.field("bool_value", pa.bool_()),
    pa.field("bigint_value", pa.int64()),
    pa.field("int32_bitmask", pa.int32()),
    pa.field("string_list", pa.list_(pa.string())),
    pa.field("int32_to_int32_list_map", pa.map_(pa.int32(), pa.list_(pa.int32()))),
)
SCHEMA = pa.schema(
    [
        pa.field("info_name", pa.uint32(), nullable=False),
        pa.field("value", pa.dense_union(CHILDREN), nullable=False),
    ]
)

NO_TRANSACTIONS, CASE_INSENSITIVE, NULLS_AT_END = 0, 2, 3

INFOS: dict[int, tuple[int, Any]] = {
    0: (TEXT, "SRCQL"),  # server name
    1: (TEXT, version("srcql")),
    2: (TEXT, pa.__version__),  # version of Arrow
    3: (FLAG, True),  # read only: statements never write, ingestion does
    4: (FLAG, True),  # speaks SQL
    5: (FLAG, False),  # speaks Substrait
    8: (BITS, NO_TRANSACTIONS),
    9: (FLAG, True),  # can cancel
    10: (FLAG, True),  # bulk ingestion
    11: (FLAG, False),  # bulk ingestion in a transaction
    100: (BITS, 0),  # statement timeout, in milliseconds: none that a client could set
    101: (BITS, 0),  # transaction timeout
    500: (FLAG, False),  # CREATE and DROP CATALOG
    501: (FLAG, False),  # CREATE and DROP SCHEMA
    502: (FLAG, False),  # CREATE and DROP TABLE
    503: (BIGINT, CASE_INSENSITIVE),  # unquoted identifiers
    504: (TEXT, '"'),  # quotes an identifier
    505: (BIGINT, CASE_INSENSITIVE),  # quoted identifiers
    507: (BIGINT, NULLS_AT_END),
    508: (TEXTS, ["AT", "CLUSTER", "MISSING", "RUNS", "SLICE", "STEPS"]),  # keywords beside those of SQL
    513: (TEXT, "\\"),  # escapes a wildcard in a pattern
    529: (TEXT, "schema"),
    531: (TEXT, "catalog"),
    555: (BIGINT, max(len(name) for name in TABLES)),
}


def infos(codes: Collection[int] = ()) -> pa.Table:
    """The infos of these codes, or all; a code that nothing is known of is left out.

    Returns info_name (uint32) and value (dense union).

    >>> infos([0, 4711]).to_pylist()
    [{'info_name': 0, 'value': 'SRCQL'}]
    """
    wanted = sorted(set(codes) & INFOS.keys() if codes else INFOS)
    values: list[list[Any]] = [[] for _ in CHILDREN]
    offsets = []
    for child, value in map(INFOS.__getitem__, wanted):
        offsets.append(len(values[child]))
        values[child].append(value)
    union = pa.UnionArray.from_dense(
        pa.array([INFOS[code][0] for code in wanted], pa.int8()),
        pa.array(offsets, pa.int32()),
        [pa.array(column, field.type) for column, field in zip(values, CHILDREN, strict=True)],
        [field.name for field in CHILDREN],
    )
    return pa.table([pa.array(wanted, pa.uint32()), union], schema=SCHEMA)
