"""What engines write differently: forms that no translation between dialects gets right by itself.

All are written as DuckDB reads them; sqlglot writes them down for the engine.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Forms:
    """One engine's forms, with a place for their arguments."""

    row_hash: str  # an integer of the three arguments, good for grouping inside one statement, never shown
    unsigned: str  # hexadecimal digits as a number
    hexadecimal: str  # a number below 2^64 as 16 hexadecimal digits
    entropy: str  # of the sizes of classes, a sorted list, and their sum
    least_multiple: str | None = None  # least common multiple of a group's numbers
    dynamic_pivot: bool = False  # whether PIVOT finds the columns itself
    minimal_tests: str | None = None  # the choice of MINIMIZE among lists
    numbered_parameters: bool = False  # whether $n may stand for ?
    ordered_sum: str | None = None  # of a group's doubles, the same in whatever order they come


DUCKDB = Forms(
    "hash(hash({}, {}, {}))",
    "CAST('0x' || {} AS UBIGINT)",
    "format('{{:016x}}', CAST({} AS UBIGINT))",
    "list_sum(list_transform({0}, lambda x: (x / {1}) * ln({1} / x)))",
    "list_reduce(list(DISTINCT CAST({} AS HUGEINT)), lambda a, b: lcm(a, b))",
    dynamic_pivot=True,
    minimal_tests="__minimal_tests({}, {}, {})",
    numbered_parameters=True,
    ordered_sum="list_sum(list_sort(list({})))",
)
SPARK = Forms(
    "CAST(xxhash64({}, {}, {}) AS DECIMAL(38, 0))",
    "CAST(conv({}, 16, 10) AS DECIMAL(38, 0))",
    "lpad(lower(conv(CAST({} AS VARCHAR), 10, 16)), 16, '0')",
    "reduce({0}, CAST(0 AS DOUBLE), lambda s, x: s + (x / {1}) * ln({1} / x))",
)
FORMS = {"duckdb": DUCKDB, "spark": SPARK, "databricks": SPARK}
