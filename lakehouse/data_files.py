"""Finds data files that are damaged, exchanged or missing, before their rows are read.

The name of a data file ends with the CRC-32 of its bytes, and the manifest holds its size and number of rows. Files of
version 0.1.0 have no checksum in their names: of these, the size and the number of rows are compared.
"""

import os
import re
import uuid
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from srcql.errors import StoreError

CHECKSUM = re.compile(r"-([0-9a-f]{8})\.parquet$")
BLOCK = 2**22
RESTORE = "restore it from a backup; `srcql maintain --verify` lists all damaged files"


@dataclass(frozen=True)
class Listed:
    """A data file as a manifest lists it."""

    path: str
    bytes: int
    rows: int


def new_file_name(content: pa.Buffer) -> str:
    """Return a unique name for a data file with this content.

    >>> new_file_name(pa.py_buffer(b"rows"))[-17:]
    '-0a8bf4a1.parquet'
    """
    return f"{uuid.uuid4()}-{zlib.crc32(content):08x}.parquet"


def checksum_of(path: str) -> int | None:
    """Return the checksum in the name of a data file, if it has one."""
    found = CHECKSUM.search(path)
    return int(found[1], 16) if found else None


class FileChecks:
    """Checks data files; a file is read when it is first checked, and again when it was changed since.

    Files in object stores are not checked: these verify what they return.
    """

    def __init__(self) -> None:
        self._checked: dict[str, tuple[int, ...]] = {}

    def check(self, files: Iterable[Listed]) -> None:
        """Raise StoreError for a file that is missing, or not the one that was written."""
        for file in files:
            path = file.path.removeprefix("file://")
            if "://" not in path:
                self._check(file, path)

    def _check(self, file: Listed, path: str) -> None:
        try:
            found = os.stat(path)
            version = (found.st_size, found.st_mtime_ns, found.st_ino)
            if self._checked.get(path) == version:
                return
            _compare("bytes", file, file.bytes, found.st_size)
            checksum = checksum_of(path)
            if checksum is None:
                _compare("rows", file, file.rows, pq.read_metadata(path).num_rows)
            else:
                _compare("checksum", file, checksum, _checksum(path))
        except FileNotFoundError:
            raise StoreError(f"data file {file.path} is missing", hint=RESTORE) from None
        except OSError as error:
            raise StoreError(f"data file {file.path} cannot be read: {error.strerror or error}") from error
        except pa.ArrowException as error:
            raise damaged(file.path, "its footer cannot be read") from error
        self._checked[path] = version


def damaged(path: str, reason: str) -> StoreError:
    """Return the error for a damaged data file."""
    return StoreError(f"data file {path} is damaged: {reason}", hint=RESTORE)


def _compare(what: str, file: Listed, expected: int, found: int) -> None:
    if found != expected:
        raise damaged(file.path, f"expected {what} {expected:,}, found {found:,}")


def _checksum(path: str) -> int:
    checksum = 0
    with open(path, "rb", buffering=0) as stream:
        while block := stream.read(BLOCK):
            checksum = zlib.crc32(block, checksum)
    return checksum
