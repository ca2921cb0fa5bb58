"""The types in which results leave DuckDB: those that Arrow has, and that clients of Arrow can read.

DuckDB's own export changes some values without an error: it reads unsigned numbers of 128 bits as signed, drops the
offset of a time, and lets long intervals overflow. Here such types are cast to text at every depth of a column, and a
value that Arrow cannot hold is an error.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import cast

import duckdb
import pyarrow as pa
from duckdb.sqltypes import DuckDBPyType

from srcql.errors import Unsupported
from srcql.sql import identifier, literal, quoted

TEXT = "VARCHAR"
CASTS = {
    "bignum": TEXT,  # numbers of any length
    "bit": TEXT,
    "enum": TEXT,  # a dictionary of Arrow, which cannot change in a stream of Flight
    "null": "INTEGER",  # inside lists, structs and maps, as in tables that DuckDB creates
    "time with time zone": TEXT,
    "type": TEXT,
    "uhugeint": TEXT,  # Arrow's decimals of 256 bits, which polars cannot read
    "variant": "JSON",
}
MAX_HOURS = 2_562_046  # Arrow counts the nanoseconds of an interval in 64 bits
UNSENDABLE = {
    "interval": (f"hour({{}}) NOT BETWEEN -{MAX_HOURS} AND {MAX_HOURS}", f"an interval above {MAX_HOURS:,} hours"),
    "time": ("{} = TIME '24:00:00'", "the time 24:00:00"),
    "time_ns": ("{} = TIME '24:00:00'", "the time 24:00:00"),
}
Child = tuple[str, DuckDBPyType]
Part = tuple[str, DuckDBPyType, bool]  # an SQL expression, its type, whether it is a list of values of this type


def sendable(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Return a relation of the same rows with columns that Arrow can hold: itself where DuckDB's export is exact.

    >>> with duckdb.connect() as connection:
    ...     sendable(connection.sql("SELECT 1::UHUGEINT AS a, [NULL] AS b, 2 AS c")).types
    [VARCHAR, INTEGER[], INTEGER]
    """
    columns = list(zip(relation.columns, relation.types, strict=True))
    expressions = [_expression(f"#{number}", *column) for number, column in enumerate(columns, 1)]
    if expressions == [f"#{number}" for number in range(1, len(columns) + 1)]:
        return relation
    named = zip(expressions, relation.columns, strict=True)
    return relation.project(", ".join(f"{expression} AS {quoted(name)}" for expression, name in named))


def arrow_schema(relation: duckdb.DuckDBPyRelation) -> pa.Schema:
    """Return the Arrow schema of a sendable relation; raises Unsupported for a type that Arrow lacks."""
    fields = []
    for name, kind in zip(relation.columns, relation.types, strict=True):
        try:
            fields.append(pa.field(name, arrow_type(str(kind))))
        except duckdb.Error:
            hint = f"CAST({identifier(name)} AS VARCHAR)"
            raise Unsupported(f"column {name} has the type {kind}, which Arrow lacks", hint=f"use {hint}") from None
    return pa.schema(fields)


@lru_cache(maxsize=1024)
def arrow_type(duckdb_type: str) -> pa.DataType:
    """Return the Arrow type in which values of one of DuckDB's types are sent.

    >>> arrow_type("DECIMAL(9,2)"), arrow_type("ENUM('a', 'b')")
    (Decimal128Type(decimal128(9, 2)), DataType(string))
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return sendable(connection.sql(f"SELECT NULL::{duckdb_type} WHERE false")).to_arrow_table().schema.types[0]


def _expression(value: str, name: str, kind: DuckDBPyType) -> str:
    """Return the SQL that sends a column: itself, a cast, an error for some of its values."""
    target = str(kind) if kind.id == "null" else _target(kind)
    sent = value if target == str(kind) else f"CAST({value} AS {target})"
    for type_, (_, what) in UNSENDABLE.items():
        if condition := _contains(value, kind, type_):
            message = literal(f"column {name} holds {what}, which Arrow lacks")
            sent = f"CASE WHEN {condition} THEN error({message}) ELSE {sent} END"
    return sent


def _target(kind: DuckDBPyType) -> str:
    """Return the type to cast to; the type itself where nothing in it needs a cast."""
    render = TARGETS.get(kind.id)
    return render(_children(kind)) if render else CASTS.get(kind.id, str(kind))


def _fields(children: list[Child]) -> str:
    return ", ".join(f"{quoted(name)} {_target(kind)}" for name, kind in children)


TARGETS: dict[str, Callable[[list[Child]], str]] = {
    "list": lambda children: f"{_target(children[0][1])}[]",
    "array": lambda children: f"{_target(children[0][1])}[{children[1][1]}]",
    "map": lambda children: f"MAP({_target(children[0][1])}, {_target(children[1][1])})",
    "struct": lambda children: f"STRUCT({_fields(children)})" if children else "STRUCT",
    "tuple": lambda children: f"TUPLE({', '.join(_target(kind) for _, kind in children)})" if children else "STRUCT",
    "union": lambda children: f"UNION({_fields(children)})",
}


def _contains(value: str, kind: DuckDBPyType, type_: str, depth: int = 0) -> str:
    """Return the SQL condition that a value holds, at any depth, an unsendable value of a type; empty if it cannot."""
    if kind.id == type_:
        return UNSENDABLE[type_][0].format(value)
    item = f"item_{depth}"
    conditions = []
    for part, inner, is_list in PARTS[kind.id](value, _children(kind)) if kind.id in PARTS else ():
        if condition := _contains(item if is_list else part, inner, type_, depth + 1):
            conditions.append(f"len(list_filter({part}, lambda {item}: {condition})) > 0" if is_list else condition)
    return f"({' OR '.join(conditions)})" if conditions else ""


def _children(kind: DuckDBPyType) -> list[Child]:
    """Return the named types inside a type, without the tag of a union; the second of an array is its size."""
    return cast("list[Child]", kind.children[1:] if kind.id == "union" else kind.children)


def _list(value: str, children: list[Child]) -> list[Part]:
    return [(value, children[0][1], True)]


def _map(value: str, children: list[Child]) -> list[Part]:
    return [(f"map_{part}({value})", kind, True) for part, (_, kind) in zip(("keys", "values"), children, strict=True)]


def _struct(value: str, children: list[Child]) -> list[Part]:
    return [(f"struct_extract({value}, {literal(name)})", kind, False) for name, kind in children]


def _tuple(value: str, children: list[Child]) -> list[Part]:
    return [(f"struct_extract({value}, {number})", kind, False) for number, (_, kind) in enumerate(children, 1)]


def _union(value: str, children: list[Child]) -> list[Part]:
    return [(f"union_extract({value}, {literal(name)})", kind, False) for name, kind in children]


PARTS: dict[str, Callable[[str, list[Child]], list[Part]]] = {
    "list": _list,
    "array": _list,
    "map": _map,
    "struct": _struct,
    "tuple": _tuple,
    "union": _union,
}
