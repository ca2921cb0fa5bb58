"""Errors of the operating system as errors for the user: what failed, on which path, and what to do."""

import errno
import os
from typing import TypeVar

from srcql.errors import SrcqlError

Kind = TypeVar("Kind", bound=SrcqlError)

_PERMISSION = "give this account the permission, or use another place"
_SPACE = "free space on the disk, or use another place"
_ACTIONS = {
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.EROFS: "mount the file system writable, or use another place",
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "check the path: a part of it is a file",
    errno.EISDIR: "name a file, not a folder",
    errno.ELOOP: "check the links of the path",
    errno.ENAMETOOLONG: "use a shorter path",
    errno.EMFILE: "raise the limit of open files, as with ulimit -n",
    errno.EFBIG: "raise the limit on the size of files, as with ulimit -f",
    errno.EIO: "check the disk: it failed",
    errno.ENOTEMPTY: "use an empty folder",
}


def os_error(kind: type[Kind], failure: str, error: OSError) -> Kind:
    """Return the error of this kind for a failure, with the reason and what to do.

    >>> print(os_error(SrcqlError, "/srv/w cannot be created", PermissionError(errno.EACCES, "Permission denied")))
    /srv/w cannot be created: permission denied
      hint: give this account the permission, or use another place
    """
    return kind(f"{failure}: {reason(error)}", hint=action(error.errno))


def action(code: int | None) -> str | None:
    """Return what to do about an error number of the operating system, None where nothing is known."""
    return _ACTIONS.get(code or 0)


def reason(error: OSError) -> str:
    """Return why a call of the operating system failed: `permission denied`."""
    text = os.strerror(error.errno) if error.errno else str(error).partition("\n")[0] or type(error).__name__
    return text[:1].lower() + text[1:]
