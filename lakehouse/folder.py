"""The folder of a warehouse: where its files are, and whether its catalog and its files belong together.

Iceberg's metadata names files by absolute paths. So a copied folder would read and delete the files of the original,
and a folder without its catalog would look empty. Both are rejected, with the command that repairs them.
"""

import json
import os
import shlex
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pyarrow.fs as fs
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import Table as IcebergTable

from lakehouse.tables import DEFINITIONS, INGESTS
from srcql.errors import StoreError

METADATA = ".metadata.json"
SKIPPED = ".skipped"
NEW_TABLE = "00000-"  # a table that was created and never written


class MissingWarehouse(StoreError):
    """There is no warehouse at a location, and it may not be created."""


def absolute_location(location: str | os.PathLike[str]) -> str:
    """Return a folder as an absolute path, and a URI (`s3://…`) unchanged."""
    text = os.fspath(location)
    return text.rstrip("/") if "://" in text else os.path.abspath(os.path.expanduser(text))


def catalog_file(location: str) -> Path:
    """Return the path of the SQLite catalog of a warehouse in a folder."""
    return Path(location, "catalog", "catalog.db")


def table_folder(location: str, table: str) -> str:
    """Return the location of a table, as Iceberg calls it."""
    return f"{location}/catalog/{table}"


def metadata_folder(location: str, table: str) -> str:
    """Return the folder of the Iceberg metadata of a table."""
    return table_folder(location, table) + ("/metadata" if table == INGESTS.name else "")


def data_folder(location: str, table: str) -> str:
    """Return the folder of the data files of a table: DuckDB may read those of all tables but `ingests`."""
    return f"{table_folder(location, table)}/data" if table == INGESTS.name else f"{location}/data/{table}"


def version_of(path: str) -> int:
    """Return the number of a metadata file; each commit increases it by one.

    >>> version_of("/w/catalog/tests/00012-5f9b.metadata.json")
    12
    """
    number = Path(path).name.partition("-")[0]
    return int(number) if number.isdecimal() else 0


def metadata_files(location: str, table: str) -> list[Path]:
    """Return the metadata files of a table on disk, the newest version first."""
    found = Path(metadata_folder(location, table)).glob(f"*{METADATA}")
    return sorted(found, key=lambda path: version_of(path.name), reverse=True)


def is_same_folder(one: str, other: str) -> bool:
    """Return whether two paths are the same folder, also through links and mounts; URIs are compared as texts."""
    one, other = one.removeprefix("file://"), other.removeprefix("file://")
    try:
        return one == other or ("://" not in one + other and os.path.samefile(one, other))
    except OSError:
        return False


def files_below(io: FileIO, folder: str) -> list[fs.FileInfo]:
    """Return the files below a folder of a file system or an object store; none if there is no folder."""
    if not isinstance(io, PyArrowFileIO):
        return []
    scheme, netloc, path = PyArrowFileIO.parse_location(folder, io.properties)
    selector = fs.FileSelector(path, recursive=True, allow_not_found=True)
    infos: list[fs.FileInfo] = io.fs_by_scheme(scheme, netloc).get_file_info(selector)
    return [info for info in infos if info.is_file]


def holds_rows(io: FileIO, location: str, table: str) -> bool:
    """Return whether a location holds files of a table that was written to."""
    folders = (metadata_folder(location, table), data_folder(location, table))
    found = (info.base_name for folder in folders for info in files_below(io, folder))
    return any(not (name.startswith(NEW_TABLE) and name.endswith(METADATA)) for name in found)


def lost_catalog(location: str, reason: str) -> StoreError:
    """Return the error for a folder that holds rows which its catalog does not know."""
    return StoreError(f"{location} holds rows, but {reason}", hint=restore_hint(location))


def restore_hint(location: str) -> str:
    """Return the hint that names the command which restores the catalog of a folder."""
    return f"run srcql restore {shlex.quote(location)}"


def check_catalog_file(location: str) -> None:
    """Raise StoreError if the catalog of a folder is missing although the folder holds rows, or is no catalog."""
    file = catalog_file(location)
    if file.is_dir():
        raise StoreError(f"expected the catalog file {file}, found a folder", hint=_remedy(location))
    if not _has_content(file):
        # Looked up again after the rows: a process that creates a warehouse creates the catalog before them.
        if _holds_any_rows(location) and not _has_content(file):
            error = lost_catalog(location, f"its catalog {file} is {'empty' if file.exists() else 'missing'}")
            error.hint = f"{error.hint}; if another catalog has its tables, set SRCQL_CATALOG instead"
            raise error
        return
    try:
        names = _tables_in(file)
    except sqlite3.OperationalError:  # locked or not readable: opening the catalog waits, and says so
        return
    except sqlite3.DatabaseError as error:
        raise StoreError(f"the catalog {file} cannot be opened: {error}", hint=_remedy(location)) from error
    if names and "iceberg_tables" not in names:
        raise StoreError(f"{file} is an SQLite database, but no Iceberg catalog", hint=_remedy(location))


def _has_content(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def _holds_any_rows(location: str) -> bool:
    return any(holds_rows(PyArrowFileIO(), location, name) for name in DEFINITIONS)


def _tables_in(file: Path) -> set[str]:
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True, timeout=1)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _remedy(location: str) -> str:
    return restore_hint(location) if _holds_any_rows(location) else "use another folder, or move it away"


def check_rows(location: str, rows: Mapping[str, str], own_catalog: bool) -> None:
    """Raise StoreError if a catalog names metadata outside of a folder; `rows` are the paths by table.

    The folder was then copied or moved, or the catalog, which is `own_catalog` in the folder, is of another warehouse.
    """
    for name, path in rows.items():
        if is_same_folder(os.path.dirname(path), metadata_folder(location, name)):
            continue
        origin = os.path.dirname(path).removesuffix(metadata_folder("", name))
        if not own_catalog:
            raise StoreError(f"the tables of the catalog are in {origin}, not in {location}", hint=f"use {origin}")
        if Path(metadata_folder(location, name), os.path.basename(path)).exists():
            raise misplaced(location, origin)
        message = f"the catalog {catalog_file(location)} belongs to another warehouse, {origin}"
        raise StoreError(message, hint=_remedy(location))


def newest_version(location: str, table: str) -> int:
    """Return the highest version among the metadata files of a table on disk; 0 without files."""
    return max((version_of(path.name) for path in metadata_files(location, table)), default=0)


def check_table(location: str, table: IcebergTable, newest: int) -> None:
    """Raise StoreError if the metadata of a table says that it is elsewhere, or if its catalog is an older one.

    `newest` is the version on disk before the table was loaded: other processes commit at any time.
    """
    name = table.name()[-1]
    if not is_same_folder(table.location(), table_folder(location, name)):
        raise misplaced(location, table.location().removesuffix(table_folder("", name)))
    if newest > version_of(table.metadata_location) + 1:  # one more: a writer was killed before its commit
        reason = f"its catalog is older: it names version {version_of(table.metadata_location)} of {name}, not {newest}"
        raise lost_catalog(location, reason)


def misplaced(location: str, origin: str) -> StoreError:
    """Return the error for a folder whose metadata names the files of another one."""
    what = "is a copy of" if os.path.exists(origin) else "was moved from"
    return StoreError(
        f"the warehouse {location} {what} {origin}: its metadata names files there",
        hint=f"run srcql relocate {shlex.quote(location)}",
    )


def check_history(table: IcebergTable, before: datetime) -> None:
    """Raise StoreError if a table has files, older than `before`, of a history that its catalog does not know."""
    for info in files_below(table.io, table.location_provider().metadata_path):
        if reason := _unknown(table, info, before):
            hint = f"keep the files, or move {info.path} away if you do not need its rows"
            raise StoreError(
                f"orphan files of {'.'.join(table.name())} are not removed: {info.path} {reason}", hint=hint
            )


def _unknown(table: IcebergTable, info: fs.FileInfo, before: datetime) -> str | None:
    """Return why a file shows that the history of a table is not known completely, None if it does not show that."""
    if info.base_name.endswith(SKIPPED):
        return "was skipped when the warehouse was restored"
    if not info.base_name.endswith(METADATA) or info.mtime >= before:
        return None
    if version_of(info.base_name) > version_of(table.metadata_location) + 1:
        return "is newer than the catalog"
    return None if _uuid(table.io, info) in {None, str(table.metadata.table_uuid)} else "is of another table"


def _uuid(io: FileIO, info: fs.FileInfo) -> str | None:
    """Return the id of the table that a metadata file describes, None for an incomplete file."""
    try:
        with io.new_input(info.path).open() as stream:
            return str(json.load(stream)["table-uuid"])
    except (ValueError, LookupError, OSError):
        return None
