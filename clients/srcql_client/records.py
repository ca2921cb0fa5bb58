"""Rows as dictionaries, converted to Arrow without loss: no key is dropped, and no value is changed.

Arrow infers the type of a column from its values; the store then converts it to the type of its table. For a column of
times, text stands for a time in ISO 8601.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import pyarrow as pa

from srcql.errors import InvalidData
from srcql.schema import TABLES

Record: TypeAlias = Mapping[str, object]

NOT_ARROW = (pa.ArrowException, OverflowError, UnicodeError, ValueError, TypeError)


def to_table(records: Sequence[Record], table: str, first: int = 0) -> pa.Table:
    """Return rows of a table as Arrow; `first` is the number of the first row, for messages.

    A key that some rows lack is null in them. Raises InvalidData for a column with values of several types.

    >>> to_table([{"step_id": 0}, {"step_id": 1, "output": "true"}], "observations").to_pylist()
    [{'step_id': 0, 'output': None}, {'step_id': 1, 'output': 'true'}]
    """
    columns: dict[str, pa.Array] = {}
    for name in dict.fromkeys(name for record in records for name in record):
        if not isinstance(name, str):
            raise InvalidData(f"expected names of columns as text, found {name!r}")
        values = [record.get(name) for record in records]
        if column_type(table, name) == "TIMESTAMP":
            values = [to_time(value) for value in values]
        columns[name] = convert(name, values, pa.array, "a value of a type of Arrow, the same in all rows", first)
    return pa.table(columns)


def convert(
    name: str, values: Sequence[object], to_array: Callable[[Sequence[object]], pa.Array], expected: str, first: int
) -> pa.Array:
    """Return a column; raise InvalidData with the first row whose value cannot be converted."""
    try:
        return to_array(values)
    except NOT_ARROW:
        converts, fails = 0, len(values)  # numbers of values from the start
        while fails - converts > 1:
            middle = (converts + fails) // 2
            try:
                to_array(values[:middle])
                converts = middle
            except NOT_ARROW:
                fails = middle
        value = values[converts]
        found = repr(value.as_py() if isinstance(value, pa.Scalar) else value)
        shown = found if len(found) <= 80 else f"{found[:79]}…"
        raise InvalidData(f"{name}, row {first + converts}: expected {expected}, found {shown}") from None


def column_type(table: str, name: str) -> str | None:
    """Return DuckDB's name of the type of a column; None for a new column and for an unknown table."""
    columns = TABLES[table].columns if table in TABLES else ()
    return next((column.type for column in columns if column.name == name), None)


def to_time(value: object) -> object:
    """Return a time in UTC, without zone, for text in ISO 8601; any other value, and other text, as it is.

    >>> to_time("2026-01-02T03:04:05+01:00"), to_time("soon")
    (datetime.datetime(2026, 1, 2, 2, 4, 5), 'soon')
    """
    if not isinstance(value, str):
        return value
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (ValueError, OverflowError):
        return value


def is_records(data: object) -> bool:
    """Return whether data is a list of dictionaries.

    >>> is_records([{"step_id": 0}]), is_records([])
    (True, False)
    """
    return isinstance(data, list | tuple) and bool(data) and all(isinstance(row, Mapping) for row in data)
