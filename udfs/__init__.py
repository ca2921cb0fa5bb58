"""Behavioural measures as Arrow functions for DuckDB, one file each.

| SQL | answers |
|---|---|
| `response_kind(output)` | VALUE, NULL, EXCEPTION, REF, NA or UNDEFINED (`kind.py`) |
| `canonical_response(output[, equality])` | the text that equal responses share (`response.py`) |
| `response_key(output[, equality])` | its 64-bit digest (`response.py`) |
| `response_equal(left, right[, equality])` | whether they are the same response (`equal.py`) |
| `exception_class(output)`, `exception_message(output)` | of an EXCEPTION, else NULL (`kind.py`) |
| `edit_similarity(left, right)` | 1 - edit distance / longer length (`edits.py`) |
| `measure(name, left, right)` | how alike texts are by a measure of a user's own (`measure.py`) |
| `jaccard`, `agreement`, `minhash_similarity` | how alike two lists are (`macros.py`) |
| `minhash(keys)` | a signature of a set (`minhash.py`) |
| `entropy_nats(counts)` | how evenly things fall into classes (`entropy.py`) |
| `pass_at_k(n, c, k)` | the chance that one of k samples is right (`passes.py`) |
| `mbr_scores(cells)`, `codet_scores(passed)` | scores of implementations by the answers they share (`scores.py`) |

Outputs are VARCHAR; `equality` is what may stand after USING. Only distinct values of a chunk are looked at.
`canonicalisers()` are those that THROUGH may name (`through.py`), `measures()` those of `measure` (`measure.py`).

>>> import duckdb
>>> with duckdb.connect() as connection:
...     register(connection)
...     connection.sql("SELECT response_kind(NULL), response_key('1.0') = response_key('1')").fetchall()
[('NA', True)]
"""

from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from udfs import edits, entropy, equal, kind, minhash, minimize, passes, response, scores
from udfs.macros import MACROS
from udfs.measure import measured, measures
from udfs.through import canonicalisers

__all__ = ["canonicalisers", "measures", "register"]

EQUALITY_LAST = "CREATE OR REPLACE MACRO {name}({outputs}, equality := '') AS __{name}({outputs}, equality)"


def _chosen(function: Callable[..., Any]) -> Callable[..., Any]:
    """An Arrow function of outputs and one equality for a column of equalities, constant in all but odd queries."""

    def of_columns(*columns: Any) -> Any:
        outputs, equalities = columns[:-1], columns[-1].fill_null("")
        distinct = equalities.unique().to_pylist() or [""]
        answer = function(*outputs, distinct[0])
        for equality in distinct[1:]:
            answer = pc.if_else(pc.equal(equalities, equality), function(*outputs, equality), answer)
        return answer

    return of_columns


# DuckDB counts the parameters of a function.
OF_COLUMNS: dict[int, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    1: lambda function: lambda first: function(first),
    2: lambda function: lambda first, second: function(first, second),
    3: lambda function: lambda first, second, third: function(first, second, third),
}


def _distinct(function: Callable[[str | None], str | None]) -> Callable[[Any], Any]:
    return lambda outputs: response.over_distinct(outputs, function, pa.string())


def _measured(names: Any, lefts: Any, rights: Any) -> Any:
    return _chosen(measured)(lefts, rights, names)


# Name: function, types of its arguments, type of its result.
FUNCTIONS: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    "response_kind": (response.kinds, ["VARCHAR"], "VARCHAR"),
    "exception_class": (_distinct(kind.exception_class), ["VARCHAR"], "VARCHAR"),
    "exception_message": (_distinct(kind.exception_message), ["VARCHAR"], "VARCHAR"),
    "edit_similarity": (edits.edit_similarities, ["VARCHAR"] * 2, "DOUBLE"),
    "measure": (_measured, ["VARCHAR"] * 3, "DOUBLE"),
    "minhash": (minhash.signatures, ["BIGINT[]"], "BIGINT[]"),
    "entropy_nats": (entropy.entropies, ["BIGINT[]"], "DOUBLE"),
    "pass_at_k": (passes.passes, ["BIGINT"] * 3, "DOUBLE"),
    "mbr_scores": (scores.mbr_scores, ["BIGINT[][]"], "BIGINT[]"),
    "codet_scores": (scores.codet_scores, ["BOOLEAN[][]"], "BIGINT[]"),
}
WITH_EQUALITY: dict[str, tuple[Callable[..., Any], tuple[str, ...], str]] = {
    "canonical_response": (response.texts, ("output",), "VARCHAR"),
    "response_key": (response.keys, ("output",), "BIGINT"),
    "response_equal": (equal.equal, ('"left"', '"right"'), "BOOLEAN"),
}


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the functions known to every cursor of the connection's database."""
    for name, (function, arguments, result) in FUNCTIONS.items():
        _create(connection, name, function, arguments, result)
    for name, (compared, outputs, result) in WITH_EQUALITY.items():
        _create(connection, f"__{name}", _chosen(compared), ["VARCHAR"] * (len(outputs) + 1), result)
        connection.execute(EQUALITY_LAST.format(name=name, outputs=", ".join(outputs)))
    for macro in MACROS:
        connection.execute(f"CREATE OR REPLACE MACRO {macro}")
    minimize.register(connection)


def _create(
    connection: duckdb.DuckDBPyConnection, name: str, function: Callable[..., Any], arguments: list[str], result: str
) -> None:
    connection.create_function(  # type: ignore[call-overload, unused-ignore]
        name, OF_COLUMNS[len(arguments)](function), arguments, result, type="arrow", null_handling="special"
    )
