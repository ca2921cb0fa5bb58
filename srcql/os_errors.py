"""Errors of the operating system as errors for the user: what failed, on which path, and what to do."""

import errno
import os
from typing import TypeVar

from srcql.errors import SrcqlError

Kind = TypeVar("Kind", bound=SrcqlError)

REMEDIES = {
    errno.ENOSPC: "free space on the disk",
    errno.EDQUOT: "free space: the disk quota of this user is used up",
    errno.EROFS: "mount the disk writable, or use another folder",
    errno.EACCES: "give this user access to the folder",
    errno.EPERM: "give this user access to the folder",
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "check the path: a part of it is a file",
    errno.EISDIR: "name a file, not a folder",
    errno.ELOOP: "check the links of the path",
    errno.ENAMETOOLONG: "use a shorter path",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.EIO: "check the disk",
}


def os_error(kind: type[Kind], failure: str, error: OSError) -> Kind:
    """Return the error of this kind for a failure, with the reason and what to do.

    >>> print(os_error(SrcqlError, "/srv/w cannot be created", PermissionError(errno.EACCES, "Permission denied")))
    /srv/w cannot be created: permission denied
      hint: give this user access to the folder
    """
    return kind(f"{failure}: {reason(error)}", hint=REMEDIES.get(error.errno or 0))


def reason(error: OSError) -> str:
    """Return why a call of the operating system failed: `permission denied`."""
    text = os.strerror(error.errno) if error.errno else str(error).partition("\n")[0] or type(error).__name__
    return text[:1].lower() + text[1:]
