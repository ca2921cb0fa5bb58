"""Errors of a disk and of SQLite as errors for the user: what failed, why, and what to do about it."""

import errno

from srcql.errors import StoreError
from srcql.os_errors import action, reason

UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
SQLITE = {
    "SQLITE_CANTOPEN": errno.EACCES,
    "SQLITE_READONLY": errno.EROFS,
    "SQLITE_FULL": errno.ENOSPC,
    "SQLITE_IOERR": errno.EIO,
}


def storage_error(error: BaseException, failure: str, then: str = "") -> StoreError:
    """Return a StoreError: `failure`, its reason, and as a hint the remedy and what to do `then`.

    >>> print(storage_error(OSError(errno.ENOSPC, "x"), "/w cannot be written", "send the batch again"))
    /w cannot be written: no space left on device
      hint: free space on the disk, or use another place; then send the batch again
    """
    found = error.errno if isinstance(error, OSError) else _code_of(sqlite_name(error))
    steps = [step for step in (action(found), then) if step]
    return StoreError(f"{failure}: {_reason(error)}", hint="; then ".join(steps) or None)


def is_unwritten(error: BaseException) -> bool:
    """Return whether an error says that a file could not be written: the catalog then does not name it."""
    return isinstance(error, OSError) and error.errno in UNWRITTEN


def sqlite_name(error: BaseException) -> str:
    """Return SQLite's name of an error that SQLAlchemy raised, such as SQLITE_BUSY; empty for another error."""
    return str(getattr(getattr(error, "orig", None), "sqlite_errorname", ""))


def _code_of(name: str) -> int | None:
    return next((code for prefix, code in SQLITE.items() if name.startswith(prefix)), None)


def _reason(error: BaseException) -> str:
    """Return why something failed, in one line: of SQLAlchemy's errors the text of the database."""
    if isinstance(error, OSError):
        return reason(error)
    text = str(getattr(error, "orig", None) or error) or type(error).__name__
    return text.splitlines()[0]
