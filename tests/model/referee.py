"""Run statements on the engine and on the model, and report differences."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from math import isclose
from operator import itemgetter
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pyarrow as pa

from lakehouse.engine import Engine
from lakehouse.warehouse import Warehouse, open_warehouse
from srcql.errors import SrcqlError
from srcql.schema import TABLES
from tests.model.answer import answer
from tests.model.cube import grouped
from tests.model.statement import Lakehouse, Rejected, Row, Statement, Using, quoted

TYPES = {
    "VARCHAR": pa.string(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us"),
}
DERIVED = ("response_kind", "response_key")
PROBLEM = ("data_set_id", "problem_id")
ONCE = {
    "observations": (*PROBLEM, "implementation_id", "test_id", "step_id", "run_id", "environment_id"),
    "tests": (*PROBLEM, "test_id", "created_at"),
    "code_implementations": (*PROBLEM, "implementation_id", "created_at"),
}
KEPT = ("verb", "source", "ends", "own")

Said = TypeVar("Said", Statement, Using, Lakehouse)
Answer = list[list[Any]] | str


@dataclass(frozen=True)
class Difference:
    statement: Statement
    lakehouse: Lakehouse
    engine: Answer
    model: Answer


def store(warehouse: Warehouse, lakehouse: Lakehouse) -> None:
    """Ingest the rows; rows that repeat a key go into separate batches."""
    for name, key in ONCE.items():
        repeats = grouped(getattr(lakehouse, name), itemgetter(*key)).values()
        for turn in range(max(map(len, repeats), default=0)):
            rows = [same[turn] for same in repeats if turn < len(same)]
            warehouse.ingest(name, _table(name, rows), batch_id=None)


def _table(name: str, rows: list[Row]) -> pa.Table:
    columns = [column for column in TABLES[name].columns if column.name not in DERIVED]
    return pa.Table.from_pylist(rows, pa.schema([(column.name, TYPES[column.type]) for column in columns]))


def difference(engine: Engine, statement: Statement, lakehouse: Lakehouse) -> Difference | None:
    """Return how engine and model differ on a statement; None when they agree."""
    actual, expected = _of_engine(engine, statement), _of_model(statement, lakehouse)
    return None if _same(actual, expected) else Difference(statement, lakehouse, actual, expected)


def texts(engine: Engine, outputs: list[str], using: Using) -> dict[str, tuple[str, str]]:
    """Return kind and response text of each output, by the SQL functions."""
    query = f"SELECT output, response_kind(output), canonical_response(output, {quoted(using.text)}) FROM outputs"
    rows = ", ".join(f"({quoted(output)})" for output in outputs)
    table = engine.query(f"WITH outputs (output) AS (VALUES {rows}) {query}").read_all()
    return {
        output: (kind, text)
        for output, kind, text in zip(*(column.to_pylist() for column in table.columns), strict=True)
    }


def smallest(found: Difference) -> Difference:
    """Shrink a difference to few rows and clauses, each attempt in a new lakehouse."""
    for statement, lakehouse in _smaller(found.statement, found.lakehouse):
        with TemporaryDirectory() as folder, open_warehouse(folder) as warehouse, Engine(warehouse) as engine:
            store(warehouse, lakehouse)
            still = difference(engine, statement, lakehouse)
            if still and _complaint(still.engine) == _complaint(found.engine):
                return smallest(still)
    return found


def _complaint(actual: Answer) -> str:
    """Return the message of an error without its place."""
    return re.sub("line [0-9]+, column [0-9]+", "", actual.splitlines()[0]) if isinstance(actual, str) else ""


def _smaller(statement: Statement, lakehouse: Lakehouse) -> Iterator[tuple[Statement, Lakehouse]]:
    """Yield smaller cases: without some rows of a table, many at first, or without a clause."""
    for table in fields(lakehouse):
        rows = getattr(lakehouse, table.name)
        size = len(rows)
        while size:
            for start in range(0, len(rows), size):
                yield statement, _without(lakehouse, table.name, rows[:start] + rows[start + size :])
            size //= 2
    for simpler in _simpler(statement):
        yield simpler, lakehouse


def report(found: Difference) -> str:
    """Describe a difference: the rows, the statement and both results."""
    tables = {table.name: getattr(found.lakehouse, table.name) for table in fields(found.lakehouse)}
    rows = [
        f"{table}: { {name: value for name, value in row.items() if value not in (None, '')} }"
        for table in tables
        for row in tables[table]
    ]
    return "\n".join([*rows, found.statement.text, "engine:", *_lines(found.engine), "model:", *_lines(found.model)])


def _of_engine(engine: Engine, statement: Statement) -> Answer:
    """Return column names and rows; an error as text."""
    try:
        table = engine.query(statement.text).read_all()
    except SrcqlError as error:
        return f"error: {error}"
    except Exception as broken:  # any other exception fails the test
        return f"crash: {broken!r}"
    return [table.column_names, *map(list, zip(*(column.to_pylist() for column in table.columns), strict=True))]


def _of_model(statement: Statement, lakehouse: Lakehouse) -> Answer:
    try:
        rows = answer(statement, lakehouse)
    except Rejected as refused:
        return f"error: {refused}"
    return [list(rows[0]) if rows else [], *(list(row.values()) for row in rows)]


def _same(actual: Answer, expected: Answer) -> bool:
    if isinstance(actual, str) or isinstance(expected, str):
        return isinstance(expected, str) and isinstance(actual, str) and actual.startswith("error")
    if len(expected) == 1:
        return len(actual) == 1
    return [len(row) for row in actual] == [len(row) for row in expected] and all(
        type(left) is type(right)
        and (left == right or (isinstance(left, float) and isclose(left, right, rel_tol=1e-15)))
        for ours, theirs in zip(actual, expected, strict=True)
        for left, right in zip(ours, theirs, strict=True)
    )


def _alike(left: Any, right: Any) -> bool:
    """Return whether two values are equal; doubles may be rounded differently."""
    close = isinstance(left, float) and isinstance(right, float) and isclose(left, right, rel_tol=1e-15)
    return close or (type(left) is type(right) and left == right)


def _simpler(statement: Statement) -> Iterator[Statement]:
    """Yield the statement without one clause, or without one part of a clause."""
    for field in fields(statement):
        said = getattr(statement, field.name)
        if field.name not in KEPT and said != field.default:
            yield _without(statement, field.name, field.default)
    for place in range(len(statement.own)):
        yield replace(statement, own=statement.own[:place] + statement.own[place + 1 :])
    for place in range(len(statement.where)):
        yield replace(statement, where=statement.where[:place] + statement.where[place + 1 :])
    for field in fields(statement.using):
        if getattr(statement.using, field.name) != field.default:
            yield replace(statement, using=_without(statement.using, field.name, field.default))


def _without(said: Said, name: str, default: Any) -> Said:
    return replace(said, **{name: default})


def _lines(answer: Answer) -> list[str]:
    return [f"  {answer}"] if isinstance(answer, str) else [f"  {row}" for row in answer]
