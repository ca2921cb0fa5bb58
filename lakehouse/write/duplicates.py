"""Rejects a batch that holds two rows with the same key: they would be two responses where only one can be."""

import tempfile
from collections.abc import Iterator, Sequence

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io import FileIO
from pyiceberg.manifest import DataFile

from lakehouse.write.order import Codes, find_duplicates
from srcql.errors import InvalidData
from srcql.schema import OBSERVATIONS, Table

MEMORY = "256MB"


def key_of(table: Table) -> tuple[str, ...]:
    """Return the key of a table within one batch, in sort order.

    >>> from srcql.schema import TESTS
    >>> key_of(TESTS)
    ('data_set_id', 'problem_id', 'test_id', 'created_at')
    """
    rest = ("run_id", "environment_id") if table is OBSERVATIONS else ("created_at",)
    return ("data_set_id", *table.sort, *rest)


def check_chunk(table: Table, rows: pa.Table, codes: Sequence[Codes], order: Codes, first: int) -> None:
    """Raise InvalidData if two rows of a chunk have the same key; `codes` are the ranks of `key_of(table)`."""
    duplicates = find_duplicates(codes, order)
    if len(duplicates):
        row, earlier = int(order[duplicates[0]]), int(order[duplicates[0] - 1])
        key = {name: rows[name][row].as_py() for name in key_of(table)}
        raise _duplicate(table, f"row {first + row} has the same key as row {first + earlier}", key)


def check_files(table: Table, io: FileIO, files: Sequence[DataFile]) -> None:
    """Raise InvalidData if two rows of different chunks have the same key.

    Each file is known to hold no duplicates. DuckDB groups the keys of all files and spills to disk if necessary.
    """
    if len({file.partition[0] for file in files}) == len(files):
        return
    names = key_of(table)
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(config={"memory_limit": MEMORY}) as connection:
        connection.execute("SET temp_directory = ?", [folder])
        connection.register("keys", _keys(io, files, names))
        columns = ", ".join(names)
        query = f"SELECT {columns} FROM keys GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
        duplicate = connection.execute(query).fetchone()
    if duplicate:
        raise _duplicate(table, "two rows have the same key", dict(zip(names, duplicate, strict=True)))


def _keys(io: FileIO, files: Sequence[DataFile], names: Sequence[str]) -> pa.RecordBatchReader:
    def batches() -> Iterator[pa.RecordBatch]:
        for file in files:
            with io.new_input(file.file_path).open() as stream:
                parts = pq.ParquetFile(stream).iter_batches(columns=list(names))
                yield from (part.select(names).cast(fields) for part in parts)

    with io.new_input(files[0].file_path).open() as stream:
        schema = pq.read_schema(stream)
    fields = pa.schema([schema.field(name) for name in names])
    return pa.RecordBatchReader.from_batches(fields, batches())


def _duplicate(table: Table, problem: str, key: dict[str, object]) -> InvalidData:
    shown = ", ".join(
        f"{name} {value!r}" if isinstance(value, str) else f"{name} {value}" for name, value in key.items()
    )
    other = "run_id" if table is OBSERVATIONS else "created_at"
    return InvalidData(
        f"{table.name}: {problem}: {shown}", hint=f"send each row once, or give the rows different values of {other}"
    )
