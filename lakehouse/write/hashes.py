"""Fills in the hashes of code and tests that a batch of observations leaves out."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table as IcebergTable

from lakehouse.data_files import FileChecks, Listed
from lakehouse.metadata_files import current_files
from lakehouse.write.casts import encode_text
from lakehouse.write.order import Codes, pack
from srcql.schema import CODE_IMPLEMENTATIONS, TESTS, Table

PROBLEM_ID = TESTS.column("problem_id").field_id
_SOURCES = {
    "implementation_hash": (CODE_IMPLEMENTATIONS, "implementation_id"),
    "test_hash": (TESTS, "test_id"),
}


class Hashes:
    """Looks hashes up in the code and test tables; caches the lists of their files."""

    def __init__(self, load: Callable[[str], IcebergTable], checks: FileChecks) -> None:
        self._load = load
        self._checks = checks
        self._files: dict[str, tuple[str, tuple[DataFile, ...]]] = {}

    def fill(self, rows: pa.Table) -> pa.Table:
        """Return the observations with every null hash replaced: by that of the latest source, else by ''."""
        for name, (source, key) in _SOURCES.items():
            if rows[name].null_count:
                hashes = self._latest(source, ("data_set_id", "problem_id", key), rows)
                filled = pc.coalesce(rows[name].cast(pa.string()), hashes, "")
                rows = rows.set_column(rows.column_names.index(name), name, encode_text(filled))
        return rows

    def _latest(self, source: Table, key: Sequence[str], rows: pa.Table) -> pa.Array | pa.ChunkedArray:
        """Return the hash of each row's source with the greatest (created_at, code_hash); null without a source."""
        columns = [rows[name].combine_chunks() for name in key]
        sources = self._read(source, key, [column.dictionary for column in columns])
        if not len(sources):
            return pa.nulls(len(rows), pa.string())
        positions = [pc.index_in(sources[name], column.dictionary) for name, column in zip(key, columns, strict=True)]
        known = _key_codes(positions, columns)
        order = np.argsort(known, kind="stable")
        known = known[order]
        wanted = _key_codes([column.indices for column in columns], columns)
        at = np.searchsorted(known, wanted, side="right") - 1
        return sources["code_hash"].take(pa.array(order[at], mask=(at < 0) | (known[at] != wanted)))

    def _read(self, source: Table, key: Sequence[str], values: Sequence[pa.Array]) -> pa.Table:
        """Return the sources that have one of the values in every column of the key, the latest last."""
        wanted = pc.field(key[0]).isin(values[0])
        for name, value in zip(key[1:], values[1:], strict=True):
            wanted &= pc.field(name).isin(value)
        table = self._load(source.name)
        names = [*key, "code_hash", "created_at"]
        parts = [_empty(names)]
        for file in self._candidates(table, values[0], values[1]):
            self._checks.check([Listed(file.file_path, file.file_size_in_bytes, file.record_count)])
            with table.io.new_input(file.file_path).open() as stream:
                parts.append(pq.read_table(stream, columns=names, filters=wanted).cast(parts[0].schema))
        rows = pa.concat_tables(parts)
        order = [(name, "ascending", "at_start") for name in ("created_at", "code_hash")]
        return rows.take(pc.sort_indices(rows, sort_keys=order))

    def _candidates(self, table: IcebergTable, data_sets: pa.Array, problems: pa.Array) -> Iterator[DataFile]:
        """Yield the files of these data sets whose bounds include one of the problems."""
        names = set(data_sets.to_pylist())
        ordered = np.sort(np.array([problem.encode() for problem in problems.to_pylist()], dtype=object))
        for file in self._all_files(table):
            least, greatest = (bounds[PROBLEM_ID] for bounds in (file.lower_bounds, file.upper_bounds))
            at = np.searchsorted(ordered, least)
            if file.partition[0] in names and at < len(ordered) and ordered[at] <= greatest:
                yield file

    def _all_files(self, table: IcebergTable) -> tuple[DataFile, ...]:
        location, files = self._files.get(table.name()[-1], ("", ()))
        if location != table.metadata_location:
            files = tuple(current_files(lambda: self._load(table.name()[-1])))
            self._files[table.name()[-1]] = (table.metadata_location, files)
        return files


def _empty(names: Sequence[str]) -> pa.Table:
    types = {"created_at": pa.timestamp("us")}
    return pa.schema([(name, types.get(name, pa.string())) for name in names]).empty_table()


def _key_codes(positions: Sequence[pa.Array], columns: Sequence[pa.Array]) -> Codes:
    """Return one number for each key, from the positions of its parts in the dictionaries of the columns."""
    sizes = [len(column.dictionary) + 1 for column in columns]
    numbers = [codes.to_numpy(zero_copy_only=False).astype(np.int64) for codes in positions]
    return pack(list(zip(numbers, sizes, strict=True)))[0]
