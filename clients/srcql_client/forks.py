"""Child processes that were forked from one with connections.

The libraries of a connection run threads, which a forked child does not have: a call there would wait for ever, and
closing a connection could crash.
"""

import os
from weakref import WeakSet

from srcql.errors import Unsupported

_connected: set[int] = set()  # the process that first connected to a server
_open: WeakSet[object] = WeakSet()
_abandoned: list[object] = []  # of the parent; kept in the child, so that nothing closes them


def check_process() -> None:
    """Raise Unsupported in a child that was forked after its parent had connected to a server."""
    if not _connected:
        _connected.add(os.getpid())
    if is_forked():
        raise Unsupported(
            "a forked process cannot use a server to which its parent has connected",
            hint="start processes with multiprocessing.get_context('spawn'), or connect only in the children",
        )


def is_forked() -> bool:
    """Return whether this process was forked after its parent had connected to a server."""
    return bool(_connected) and os.getpid() not in _connected


def keep_in_children(connection: object) -> None:
    """Do not destroy this connection in child processes that are forked from now on."""
    _open.add(connection)


def abandon(*parents: object) -> None:
    """Never destroy these objects, which belong to the parent process."""
    _abandoned.extend(parents)


os.register_at_fork(after_in_child=lambda: _abandoned.extend(_open))
