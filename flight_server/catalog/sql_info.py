"""Server information: a table of infos, each in the union child that clients read it from.

Source: `SqlInfo` of FlightSql.proto; its comments define the type of each info.
"""

from collections.abc import Collection
from importlib.metadata import version

import pyarrow as pa

from srcql.verbs import VERBS

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

TRANSACTIONS, CASE_INSENSITIVE, NULLS_AT_END, NO_ISOLATION = 1, 2, 3, 0
NO_LIMIT = 0
NUMBERS = ("BIGINT", "DECIMAL", "FLOAT", "INTEGER", "NUMERIC", "REAL", "SMALLINT", "TINYINT")
CONVERTIBLE = {  # SqlSupportsConvert: the target types of CAST
    **dict.fromkeys(NUMBERS, (*NUMBERS, "BIT", "VARCHAR")),
    "BIT": (*NUMBERS, "BIT", "VARCHAR"),
    "DATE": ("DATE", "TIMESTAMP", "VARCHAR"),
    "TIME": ("TIME", "VARCHAR"),
    "TIMESTAMP": ("DATE", "TIME", "TIMESTAMP", "VARCHAR"),
    "VARBINARY": ("VARBINARY", "VARCHAR"),
    "VARCHAR": (*NUMBERS, "BIT", "DATE", "TIME", "TIMESTAMP", "VARBINARY", "VARCHAR"),
}
CONVERT = {
    "BIGINT": 0, "BIT": 2, "DATE": 4, "DECIMAL": 5, "FLOAT": 6, "INTEGER": 7, "NUMERIC": 12, "REAL": 13,
    "SMALLINT": 14, "TIME": 15, "TIMESTAMP": 16, "TINYINT": 17, "VARBINARY": 18, "VARCHAR": 19,
}  # fmt: skip
FUNCTIONS = {  # functions of ODBC that DuckDB has under the same name
    509: ("ABS ACOS ASIN ATAN ATAN2 CEILING COS COT DEGREES EXP FLOOR LOG LOG10 MOD PI POWER RADIANS ROUND SIGN SIN"
          " SQRT TAN"),
    510: "ASCII CONCAT LEFT LENGTH LOWER LTRIM REPEAT REPLACE RIGHT RTRIM SUBSTRING TRIM UPPER",
    511: "NULLIF",
    512: "CURRENT_DATE DAYNAME DAYOFMONTH DAYOFWEEK DAYOFYEAR HOUR MINUTE MONTH MONTHNAME NOW QUARTER SECOND"
         " WEEK YEAR",
}  # fmt: skip
KEYWORDS = ("AT", "MISSING", "RUNS", "STEPS", "USING", *VERBS)


def _bits(*numbers: int) -> int:
    return sum(1 << number for number in numbers)


Info = str | bool | int | list[str] | dict[int, list[int]]
INFOS: dict[int, tuple[int, Info]] = {
    0: (TEXT, "SRCQL"),  # server name
    1: (TEXT, version("srcql")),
    2: (TEXT, pa.__version__),  # version of Arrow
    3: (FLAG, True),  # read-only: only ingestion writes
    4: (FLAG, True),  # SQL
    5: (FLAG, False),  # Substrait
    8: (BITS, TRANSACTIONS),  # for clients without autocommit; no savepoints
    9: (FLAG, True),  # cancellation
    10: (FLAG, True),  # bulk ingestion
    11: (FLAG, False),  # bulk ingestion in a transaction
    100: (BITS, NO_LIMIT),  # statement timeout, in milliseconds
    101: (BITS, NO_LIMIT),  # transaction timeout
    500: (FLAG, False),  # CREATE and DROP CATALOG
    501: (FLAG, False),  # CREATE and DROP SCHEMA
    502: (FLAG, False),  # CREATE and DROP TABLE
    503: (BIGINT, CASE_INSENSITIVE),  # unquoted identifiers
    504: (TEXT, '"'),  # quote of identifiers
    505: (BIGINT, CASE_INSENSITIVE),  # quoted identifiers
    506: (FLAG, True),  # users can select from every listed table
    507: (BIGINT, NULLS_AT_END),
    508: (TEXTS, sorted(KEYWORDS)),  # beyond those of SQL
    **{code: (TEXTS, names.split()) for code, names in FUNCTIONS.items()},
    513: (TEXT, "\\"),  # escape of wildcards in patterns
    514: (TEXT, ""),  # characters of unquoted identifiers beyond a-z, A-Z, 0-9 and _
    515: (FLAG, True),  # column aliases
    516: (FLAG, True),  # NULL + NULL is NULL
    517: (MAP, {CONVERT[name]: sorted(CONVERT[other] for other in others) for name, others in CONVERTIBLE.items()}),
    518: (FLAG, True),  # table aliases
    519: (FLAG, False),  # table aliases must differ from table names
    520: (FLAG, True),  # expressions in ORDER BY
    521: (FLAG, True),  # ORDER BY unselected columns
    522: (BITS, _bits(0, 1)),  # GROUP BY unselected columns, and additional columns
    523: (FLAG, True),  # LIKE … ESCAPE
    524: (FLAG, True),  # NOT NULL columns
    525: (BITS, _bits(0, 1)),  # ODBC grammar: minimum, core
    526: (BITS, _bits(0)),  # ANSI 92 grammar: entry level
    527: (FLAG, False),  # integrity enhancement
    528: (BITS, 2),  # outer joins: full
    529: (TEXT, "schema"),
    530: (TEXT, "procedure"),
    531: (TEXT, "catalog"),
    532: (FLAG, True),  # catalog.schema.table
    533: (BITS, 0),  # schemas in procedure calls, index and privilege definitions: none
    534: (BITS, 0),  # catalogs in the same places: none
    535: (BITS, 0),  # positioned UPDATE and DELETE
    536: (FLAG, False),  # SELECT FOR UPDATE
    537: (FLAG, False),  # stored procedures
    538: (BITS, _bits(0, 1, 2, 3)),  # subqueries: compared, EXISTS, IN, quantified
    539: (FLAG, True),  # correlated subqueries
    540: (BITS, _bits(0, 1)),  # UNION, UNION ALL
    **dict.fromkeys(range(541, 556), (BIGINT, NO_LIMIT)),  # longest literals, names, lists
    556: (FLAG, True),  # maximum row size includes large objects
    **dict.fromkeys(range(557, 562), (BIGINT, NO_LIMIT)),  # longest statement, names, lists
    562: (BIGINT, NO_ISOLATION),
    563: (FLAG, False),  # transactions are supported (a commit has no effect)
    564: (BITS, _bits(NO_ISOLATION)),
    565: (FLAG, False),  # data definition commits a transaction
    566: (FLAG, False),  # data definition is ignored in a transaction
    567: (BITS, _bits(1)),  # results: forward only
    568: (BITS, 0),  # result set concurrency: unspecified type
    569: (BITS, _bits(1)),  # forward only: read only
    570: (BITS, 0),  # scroll sensitive
    571: (BITS, 0),  # scroll insensitive
    572: (FLAG, False),  # batches of updates
    573: (FLAG, False),  # savepoints
    574: (FLAG, False),  # named parameters
    575: (FLAG, False),  # locators
    576: (FLAG, False),  # stored functions by CALL
}


def infos(codes: Collection[int] = ()) -> pa.Table:
    """Return the infos of these codes, by default all; unknown codes are left out.

    The columns are info_name (uint32) and value (dense union).

    >>> infos([0, 4711]).to_pylist()
    [{'info_name': 0, 'value': 'SRCQL'}]
    """
    known = sorted(set(codes) & INFOS.keys() if codes else INFOS)
    values: list[list[object]] = [[] for _ in CHILDREN]
    offsets = []
    for child, value in map(INFOS.__getitem__, known):
        offsets.append(len(values[child]))
        values[child].append(list(value.items()) if isinstance(value, dict) else value)
    union = pa.UnionArray.from_dense(
        pa.array([INFOS[code][0] for code in known], pa.int8()),
        pa.array(offsets, pa.int32()),
        [pa.array(column, field.type) for column, field in zip(values, CHILDREN, strict=True)],
        [field.name for field in CHILDREN],
    )
    return pa.table([pa.array(known, pa.uint32()), union], schema=SCHEMA)
