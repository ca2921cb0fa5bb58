"""Behavioural measures as functions of DuckDB, one file each.

| SQL | returns |
|---|---|
| `response_kind(output)` | VALUE, NULL, EXCEPTION, REF, NA or UNDEFINED (`kind.py`) |
| `canonical_response(output[, equality])` | the text that equal responses share (`response.py`) |
| `response_key(output[, equality])` | the 64-bit digest of that text (`response.py`) |
| `response_equal(left, right[, equality])` | whether two outputs are the same response (`equal.py`) |
| `exception_class(output)`, `exception_message(output)` | class and message of an EXCEPTION, else NULL (`kind.py`) |
| `edit_similarity(left, right)` | 1 - edit distance / length of the longer text (`edits.py`) |
| `measure(name, left, right)` | the similarity of two texts by a measure that a user provides (`measure.py`) |
| `jaccard`, `agreement`, `minhash_similarity` | the similarity of two lists (`macros.py`) |
| `minhash(keys)` | a signature of a set (`minhash.py`) |
| `entropy_nats(counts)` | the evenness of a distribution over classes (`entropy.py`) |
| `pass_at_k(n, c, k)` | the probability that one of k samples is right (`passes.py`) |
| `exact_sum(x)`, `exact_avg(x)` | aggregates of doubles, exact before they are rounded (`exact.py`, `macros.py`) |
| `mbr_scores(cells)`, `codet_scores(passed)` | scores of implementations by the responses they share (`scores.py`) |

Outputs are VARCHAR; `equality` is a text that may follow USING. A function is computed once per distinct value of a
chunk. `canonicalisers()` returns the functions that THROUGH may name (`through.py`), `measures()` those that `measure`
may (`measure.py`).

>>> import duckdb
>>> with duckdb.connect() as connection:
...     register(connection)
...     connection.sql("SELECT response_kind(NULL), response_key('1.0') = response_key('1')").fetchall()
[('NA', True)]
"""

from collections.abc import Callable
from typing import TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from udfs import edits, entropy, equal, exact, kind, minhash, minimize, passes, response, scores
from udfs.columns import Column, map_distinct
from udfs.macros import MACROS
from udfs.measure import measure_pairs, measures
from udfs.through import canonicalisers

__all__ = ["canonicalisers", "measures", "register"]

Function: TypeAlias = Callable[..., pa.Array]

EQUALITY_LAST = "CREATE OR REPLACE MACRO {name}({outputs}, equality := '') AS __{name}({outputs}, equality)"


def _by_option(function: Function) -> Function:
    """Return a function of columns whose last argument, a column of texts, becomes the option of `function`.

    The column is constant in almost every query.
    """

    def of_columns(*columns: Column) -> pa.Array:
        values, options = columns[:-1], columns[-1].fill_null("")
        distinct = options.unique().to_pylist() or [""]
        result = function(*values, distinct[0])
        for option in distinct[1:]:
            result = pc.if_else(pc.equal(options, option), function(*values, option), result)
        return result

    return of_columns


# DuckDB counts the parameters of a function, so it cannot take one of *columns.
WITH_PARAMETERS: dict[int, Callable[[Function], Function]] = {
    1: lambda function: lambda first: function(first),
    2: lambda function: lambda first, second: function(first, second),
    3: lambda function: lambda first, second, third: function(first, second, third),
}


def _of_texts(function: Callable[[str | None], str | None]) -> Function:
    return lambda outputs: map_distinct(outputs, function, pa.string())


def _measure(names: Column, lefts: Column, rights: Column) -> pa.Array:
    return _by_option(measure_pairs)(lefts, rights, names)


# Name: function, types of its arguments, type of its result.
FUNCTIONS: dict[str, tuple[Function, list[str], str]] = {
    "response_kind": (response.kinds, ["VARCHAR"], "VARCHAR"),
    "exception_class": (_of_texts(kind.exception_class), ["VARCHAR"], "VARCHAR"),
    "exception_message": (_of_texts(kind.exception_message), ["VARCHAR"], "VARCHAR"),
    "edit_similarity": (edits.edit_similarities, ["VARCHAR"] * 2, "DOUBLE"),
    "measure": (_measure, ["VARCHAR"] * 3, "DOUBLE"),
    "minhash": (minhash.signatures, ["BIGINT[]"], "BIGINT[]"),
    "entropy_nats": (entropy.entropies, ["HUGEINT[]"], "DOUBLE"),
    "pass_at_k": (passes.estimates, ["HUGEINT"] * 3, "DOUBLE"),
    "__exact_sum": (exact.sums, ["DOUBLE[]"], "DOUBLE"),
    "__exact_mean": (exact.means, ["DOUBLE[]"], "DOUBLE"),
    "__quotient": (exact.quotients, ["HUGEINT"] * 2, "DOUBLE"),
    "mbr_scores": (scores.mbr_scores, ["BIGINT[][]"], "BIGINT[]"),
    "codet_scores": (scores.codet_scores, ["BOOLEAN[][]"], "BIGINT[]"),
}
# Name: function, its outputs, type of its result. Its last argument is the equality, which may be left out.
WITH_EQUALITY: dict[str, tuple[Function, tuple[str, ...], str]] = {
    "canonical_response": (response.texts, ("output",), "VARCHAR"),
    "response_key": (response.keys, ("output",), "BIGINT"),
    "response_equal": (equal.equal, ('"left"', '"right"'), "BOOLEAN"),
}


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the functions in the connection's database, for all its cursors."""
    for name, (function, arguments, result) in FUNCTIONS.items():
        _create(connection, name, function, arguments, result)
    for name, (function, outputs, result) in WITH_EQUALITY.items():
        _create(connection, f"__{name}", _by_option(function), ["VARCHAR"] * (len(outputs) + 1), result)
        connection.execute(EQUALITY_LAST.format(name=name, outputs=", ".join(outputs)))
    for macro in MACROS:
        connection.execute(f"CREATE OR REPLACE MACRO {macro}")
    minimize.register(connection)


def _create(
    connection: duckdb.DuckDBPyConnection, name: str, function: Function, arguments: list[str], result: str
) -> None:
    connection.create_function(  # type: ignore[call-overload, unused-ignore]
        name, WITH_PARAMETERS[len(arguments)](function), arguments, result, type="arrow", null_handling="special"
    )
