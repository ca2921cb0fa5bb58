"""Behavioural measures as Arrow functions for DuckDB, one file each.

| SQL | answers |
|---|---|
| `response_kind(output)` | VALUE, NULL, EXCEPTION, REF, NA or UNDEFINED (`kind.py`) |
| `canonical_response(output[, equality])` | the text that equal responses share (`response.py`) |
| `response_key(output[, equality])` | its 64-bit digest (`response.py`) |
| `response_equal(left, right[, equality])` | whether they are the same response (`equal.py`) |
| `exception_class(output)`, `exception_message(output)` | of an EXCEPTION, else NULL (`kind.py`) |

Outputs are VARCHAR; `equality` is what may stand after USING. Only distinct values of a chunk are looked at.
`canonicalisers()` are those that THROUGH may name (`through.py`).

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

from udfs import equal, kind, response
from udfs.through import canonicalisers

__all__ = ["canonicalisers", "register"]

MACRO = "CREATE OR REPLACE MACRO {name}({outputs}, equality := '') AS __{name}({outputs}, equality)"


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
    1: lambda function: lambda outputs: function(outputs),
    2: lambda function: lambda outputs, others: function(outputs, others),
    3: lambda function: lambda outputs, others, equalities: function(outputs, others, equalities),
}


def _distinct(function: Callable[[str | None], str | None]) -> Callable[[Any], Any]:
    return lambda outputs: response.over_distinct(outputs, function, pa.string())


ONE_ARGUMENT: dict[str, Callable[[Any], Any]] = {
    "response_kind": response.kinds,
    "exception_class": _distinct(kind.exception_class),
    "exception_message": _distinct(kind.exception_message),
}
WITH_EQUALITY: dict[str, tuple[Callable[..., Any], tuple[str, ...], str]] = {
    "canonical_response": (response.texts, ("output",), "VARCHAR"),
    "response_key": (response.keys, ("output",), "BIGINT"),
    "response_equal": (equal.equal, ('"left"', '"right"'), "BOOLEAN"),
}


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the functions known to every cursor of the connection's database."""
    for name, function in ONE_ARGUMENT.items():
        _create(connection, name, function, 1, "VARCHAR")
    for name, (compared, outputs, result) in WITH_EQUALITY.items():
        _create(connection, f"__{name}", _chosen(compared), len(outputs) + 1, result)
        connection.execute(MACRO.format(name=name, outputs=", ".join(outputs)))


def _create(
    connection: duckdb.DuckDBPyConnection, name: str, function: Callable[..., Any], arguments: int, result: str
) -> None:
    connection.create_function(  # type: ignore[call-overload, unused-ignore]
        name, OF_COLUMNS[arguments](function), ["VARCHAR"] * arguments, result, type="arrow", null_handling="special"
    )
