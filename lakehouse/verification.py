"""Reads a whole warehouse, and names what is damaged or missing: manifests and data files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.manifest import DataFile, ManifestFile
from pyiceberg.table import Table as IcebergTable

from lakehouse.data_files import FileChecks, Listed, damaged
from lakehouse.metadata_files import missing_metadata, read_list, read_manifest
from lakehouse.tables import DEFINITIONS, NAMESPACE
from lakehouse.warehouse import Warehouse
from srcql.errors import StoreError


@dataclass(frozen=True)
class Verification:
    """How many data files, rows and bytes the kept snapshots name, and a line for each damaged or missing file."""

    files: int
    rows: int
    bytes: int
    damage: tuple[str, ...]


def verify(warehouse: Warehouse) -> Verification:
    """Read every file that a kept snapshot names; compare sizes, numbers of rows, and checksums of files and pages."""
    files, damage = list[DataFile](), list[str]()
    for name in DEFINITIONS:
        table, listed, damaged_metadata = _list_files(partial(warehouse.catalog.load_table, (NAMESPACE, name)))
        damage += damaged_metadata
        for file in listed:
            with _noting(damage):
                _check(table, file)
        files += listed
    rows, size = (sum(file.record_count for file in files), sum(file.file_size_in_bytes for file in files))
    return Verification(len(files), rows, size, tuple(damage))


def _list_files(load: Callable[[], IcebergTable]) -> tuple[IcebergTable, list[DataFile], list[str]]:
    """Return a table, its data files, and the damage of its metadata; read again what expired while it was read."""
    while True:
        table, damage = load(), list[str]()
        files = _data_files(table, damage)
        if not damage or load().metadata_location == table.metadata_location:
            return table, files, damage


def _data_files(table: IcebergTable, damage: list[str]) -> list[DataFile]:
    manifests, files = dict[str, ManifestFile](), dict[str, DataFile]()
    for snapshot in table.metadata.snapshots:
        with _noting(damage):
            found = read_list(table.io, snapshot.manifest_list)
            manifests |= {manifest.manifest_path: manifest for manifest in found}
    for manifest in manifests.values():
        with _noting(damage):
            entries = read_manifest(table.io, manifest)
            files |= {entry.data_file.file_path: entry.data_file for entry in entries}
    return list(files.values())


def _check(table: IcebergTable, file: DataFile) -> None:
    """Raise StoreError if a data file is damaged; every page of it is read."""
    FileChecks().check([Listed(file.file_path, file.file_size_in_bytes, file.record_count)])
    try:
        with table.io.new_input(file.file_path).open() as stream:
            pages = pq.ParquetFile(stream, page_checksum_verification=True)
            rows = sum(len(batch) for batch in pages.iter_batches())
    except (OSError, pa.ArrowException) as error:
        raise damaged(file.file_path, "its pages cannot be read") from error
    if rows != file.record_count:
        raise damaged(file.file_path, f"expected rows {file.record_count:,}, found {rows:,}")


@contextmanager
def _noting(damage: list[str]) -> Iterator[None]:
    """Add the damage of a file to a list, and go on."""
    try:
        yield
    except FileNotFoundError as error:
        damage.append(missing_metadata(error).message)
    except StoreError as error:
        damage.append(error.message)
