"""Errors of a disk as errors for the user: what failed, why, and what to do about it."""

import errno
import os

from srcql.errors import StoreError

REMEDIES = {
    errno.ENOSPC: "free space on the disk",
    errno.EDQUOT: "free space: the disk quota of this user is used up",
    errno.EROFS: "mount the disk writable, or use another folder",
    errno.EACCES: "give this user access to the folder",
    errno.EPERM: "give this user access to the folder",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.EIO: "check the disk",
}
UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
SQLITE = {
    "database or disk is full": errno.ENOSPC,
    "attempt to write a readonly database": errno.EROFS,
    "disk I/O error": errno.EIO,
}


def storage_error(error: BaseException, failure: str, then: str = "") -> StoreError:
    """Return a StoreError: `failure`, its reason, and as a hint the remedy and what to do `then`.

    >>> print(storage_error(OSError(errno.ENOSPC, "x"), "/w cannot be written", "send the batch again"))
    /w cannot be written: No space left on device
      hint: free space on the disk, then send the batch again
    """
    code = _code_of(error)
    steps = [step for step in (REMEDIES.get(code), then) if step]
    return StoreError(f"{failure}: {reason_of(error)}", hint=", then ".join(steps) or None)


def is_unwritten(error: BaseException) -> bool:
    """Return whether an error says that a file could not be written: the catalog then does not name it."""
    return isinstance(error, OSError) and error.errno in UNWRITTEN


def reason_of(error: BaseException) -> str:
    """Return why something failed, in one line: of SQLAlchemy's errors the text of the database."""
    if isinstance(error, OSError) and error.errno in REMEDIES:
        return os.strerror(error.errno)
    text = getattr(error, "strerror", None) or _text(error) or type(error).__name__
    return str(text).splitlines()[0]


def _code_of(error: BaseException) -> int:
    return error.errno or 0 if isinstance(error, OSError) else SQLITE.get(_text(error), 0)


def _text(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error)
