"""Rows that repeat a key inside one batch, which has then two answers where there can be one."""

import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io import FileIO
from pyiceberg.manifest import DataFile

from lakehouse.write.order import Codes, repeats
from srcql.errors import InvalidData
from srcql.schema import OBSERVATIONS, Table

MEMORY = "256MB"


def key_of(table: Table) -> tuple[str, ...]:
    """The columns that no two rows of one batch agree in, in the order that rows are sorted by.

    >>> from srcql.schema import TESTS
    >>> key_of(TESTS)
    ('data_set_id', 'problem_id', 'test_id', 'created_at')
    """
    rest = ("run_id", "environment_id") if table is OBSERVATIONS else ("created_at",)
    return ("data_set_id", *table.sort, *rest)


def check_sorted(table: Table, rows: Any, codes: Sequence[Codes], order: Codes, first: int) -> None:
    """Raise InvalidData when two rows of one chunk have the same key; `codes` are those of `key_of(table)`."""
    found = repeats(codes, order)
    if len(found):
        row, earlier = int(order[found[0]]), int(order[found[0] - 1])
        key = {name: rows[name][row].as_py() for name in key_of(table)}
        raise _repeated(table, f"row {first + row} repeats the key of row {first + earlier}", key)


def check_files(table: Table, io: FileIO, files: Sequence[DataFile]) -> None:
    """Raise InvalidData when two rows of different chunks have the same key.

    Each file is free of repeats; DuckDB groups the keys of all, and spills to disk what does not fit into memory.
    """
    if len({file.partition[0] for file in files}) == len(files):
        return
    names = key_of(table)
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(config={"memory_limit": MEMORY}) as connection:
        connection.execute("SET temp_directory = ?", [folder])
        connection.register("keys", _keys(io, files, names))
        columns = ", ".join(names)
        query = f"SELECT {columns} FROM keys GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
        found = connection.execute(query).fetchone()
    if found:
        raise _repeated(table, "two rows have the same key", dict(zip(names, found, strict=True)))


def _keys(io: FileIO, files: Sequence[DataFile], names: Sequence[str]) -> Any:
    def batches() -> Iterator[Any]:
        for file in files:
            with io.new_input(file.file_path).open() as stream:
                parts = pq.ParquetFile(stream).iter_batches(columns=list(names))
                yield from (part.select(names).cast(fields) for part in parts)

    with io.new_input(files[0].file_path).open() as stream:
        schema = pq.read_schema(stream)
    fields = pa.schema([schema.field(name) for name in names])
    return pa.RecordBatchReader.from_batches(fields, batches())


def _repeated(table: Table, what: str, key: dict[str, Any]) -> InvalidData:
    shown = ", ".join(
        f"{name} {value!r}" if isinstance(value, str) else f"{name} {value}" for name, value in key.items()
    )
    other = "run_id" if table is OBSERVATIONS else "created_at"
    return InvalidData(f"{table.name}: {what}: {shown}", hint=f"send each row once, or tell them apart by {other}")
