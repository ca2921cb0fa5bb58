"""SQL that differs between engines and that translation between dialects does not get right.

All forms are in DuckDB's SQL; sqlglot translates them for the engine.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Forms:
    """The forms of one engine; {} stands for an argument, None for a form that the engine lacks."""

    row_hash: str  # an integer of three arguments, to compare values inside one statement; results never show it
    unsigned: str  # hexadecimal digits as a number
    hexadecimal: str  # a number below 2^64 as 16 hexadecimal digits
    entropy: str  # of a sorted list of the sizes of classes, and their sum
    mean: str  # of a group's doubles, the same in every order; NULL if one is not finite
    mean_of_whole: str  # of a group's whole numbers
    least_multiple: str | None = None  # the least common multiple of a group's numbers
    dynamic_pivot: bool = False  # whether PIVOT can find its columns
    minimal_tests: str | None = None  # the tests that MINIMIZE keeps, from lists
    numbered_parameters: bool = False  # whether $n may replace ?
    ordered_sum: str | None = None  # of a group's doubles, the same in every order


DUCKDB = Forms(
    "hash(hash({}, {}, {}))",
    "CAST('0x' || {} AS UBIGINT)",
    "format('{{:016x}}', CAST({} AS UBIGINT))",
    "list_sum(list_transform({0}, lambda x: (x / {1}) * ln({1} / x)))",
    "CASE WHEN bool_and(isfinite({0})) THEN exact_avg({0}) END",
    "__quotient(sum({0}), count({0}))",
    "list_reduce(list(DISTINCT CAST({} AS HUGEINT)), lambda a, b: lcm(a, b))",
    dynamic_pivot=True,
    minimal_tests="__minimal_tests({}, {}, {})",
    numbered_parameters=True,
    ordered_sum="list_sum(list_sort(list({})))",
)
DECIMAL = "TRY_CAST(CAST({0} AS VARCHAR) AS DECIMAL(38, 18))"
SPARK = Forms(
    "CAST(xxhash64({}, {}, {}) AS DECIMAL(38, 0))",
    "CAST(conv({}, 16, 10) AS DECIMAL(38, 0))",
    "lpad(lower(conv(CAST({} AS VARCHAR), 10, 16)), 16, '0')",
    "reduce({0}, CAST(0 AS DOUBLE), lambda s, x: s + (x / {1}) * ln({1} / x))",
    f"CASE WHEN count({{0}}) = count({DECIMAL}) THEN CAST(sum({DECIMAL}) AS DOUBLE) / count({{0}}) END",
    "CAST(sum({0}) AS DOUBLE) / count({0})",
)
ELSEWHERE = "run it on a lakehouse or on DuckDB"  # the hint for what an engine does not support
FORMS = {"duckdb": DUCKDB, "spark": SPARK, "databricks": SPARK}
