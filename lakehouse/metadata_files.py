"""Reads manifest lists and manifests, and names those that are damaged or missing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyiceberg.io import FileIO
from pyiceberg.manifest import DataFile, ManifestEntry, ManifestFile, read_manifest_list
from pyiceberg.table import Table as IcebergTable

from lakehouse.data_files import RESTORE
from srcql.errors import StoreError


def current_files(load: Callable[[], IcebergTable]) -> list[DataFile]:
    """Return the data files of a table; `load` returns its current state.

    Raises StoreError, with the path, for a manifest that is damaged or missing.
    """
    while True:
        table = load()
        try:
            return _files(table)
        except FileNotFoundError as error:
            if load().metadata_location == table.metadata_location:  # else it expired while it was read
                raise missing_metadata(error) from error


def _files(table: IcebergTable) -> list[DataFile]:
    current = table.current_snapshot()
    manifests = read_list(table.io, current.manifest_list) if current else []
    return [entry.data_file for manifest in manifests for entry in read_manifest(table.io, manifest)]


def read_list(io: FileIO, path: str) -> list[ManifestFile]:
    """Return the manifests of a manifest list; StoreError if it is damaged, FileNotFoundError if it is missing."""
    with _reading(path):
        return list(read_manifest_list(io.new_input(path)))


def read_manifest(io: FileIO, manifest: ManifestFile) -> list[ManifestEntry]:
    """Return the entries of a manifest; StoreError if it is damaged, FileNotFoundError if it is missing."""
    path = manifest.manifest_path
    with _reading(path):
        size = len(io.new_input(path))
        if size != manifest.manifest_length:
            raise damaged_metadata(path, f"expected bytes {manifest.manifest_length:,}, found {size:,}")
        return manifest.fetch_manifest_entry(io)


@contextmanager
def _reading(path: str) -> Iterator[None]:
    """Name the file in an error: StoreError if it cannot be read or parsed, FileNotFoundError if it is missing."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(error.errno, "file is missing", path) from None
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # PyIceberg's errors for damaged bytes are of any kind
        raise damaged_metadata(path, "its content cannot be decoded") from error


def damaged_metadata(path: str, reason: str) -> StoreError:
    """Return the error for a damaged or missing file of the metadata."""
    return StoreError(f"metadata file {path} is damaged: {reason}", hint=RESTORE)


def missing_metadata(error: FileNotFoundError) -> StoreError:
    """Return the error for a file that the catalog or a kept snapshot names, but that does not exist."""
    return StoreError(f"metadata file {error.filename or error} is missing", hint=RESTORE)
