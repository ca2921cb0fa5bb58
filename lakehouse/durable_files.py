"""Writes files of a warehouse in a folder so that a power cut does not take them back.

A file is on disk, and so are its entry in its folder and every folder that was created for it, before the call that
closes it returns. The catalog names a file only after that. Object stores do this themselves.
"""

import errno
import io
import os
from pathlib import Path
from typing import cast

from pyiceberg.io import OutputStream
from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO

BUFFER = 2**20


class DurableFileIO(PyArrowFileIO):
    """PyIceberg's access to files, with durable writes to local folders."""

    def new_output(self, location: str) -> PyArrowFile:
        """Return the file that `create` writes at a location."""
        scheme, netloc, path = self.parse_location(location, self.properties)
        if scheme != "file":
            return super().new_output(location)
        return _LocalFile(location, path, self.fs_by_scheme(scheme, netloc))


class _LocalFile(PyArrowFile):
    """A file of a local folder."""

    def create(self, overwrite: bool = False) -> OutputStream:
        """Open the file for writing; FileExistsError if it exists, unless `overwrite`."""
        create_folder(Path(self._path).parent)
        raw = _DurableFile(self._path, "w" if overwrite else "x")
        return cast(OutputStream, io.BufferedWriter(raw, BUFFER))


class _DurableFile(io.FileIO):
    """An open file that is on disk after `close`."""

    def close(self) -> None:
        """Write the file and its entry in its folder to disk, then close it."""
        if self.closed:
            return
        try:
            os.fsync(self.fileno())
            sync_folder(Path(os.fsdecode(self.name)).parent)
        finally:
            super().close()


def create_folder(folder: Path) -> None:
    """Create a folder and its parents where they do not exist, on disk."""
    if folder.exists():
        return
    create_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Write the entries of a folder to disk, if its file system can do that for folders."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
