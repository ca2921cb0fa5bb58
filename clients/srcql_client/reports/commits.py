"""The commits that a user names: as the lakehouse knows them, by a short hash, or as git resolves them."""

import re
import subprocess

from srcql.errors import UnknownName

from ..connection import Connection

_FULL = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SHORT = re.compile(r"[0-9a-f]{4,64}")
_KNOWN = "SELECT DISTINCT git_commit_hash AS found FROM observations WHERE starts_with(git_commit_hash, ?) ORDER BY 1"


def full_commit(lakehouse: Connection, name: str) -> str:
    """Return the commit of observations that a name means; the name itself if it means none.

    A full hash, and a commit of the lakehouse, mean themselves. A short hash means the only commit of the lakehouse
    that starts with it. Any other name, such as HEAD~1 or a branch, means what git finds in the current folder.
    Raises UnknownName for a short hash of several commits.
    """
    if _FULL.fullmatch(name):
        return name
    known = [row["found"] for row in lakehouse.query(_KNOWN, [name]).to_pylist()]
    if name in known:
        return name
    if known and _SHORT.fullmatch(name):
        if len(known) > 1:
            hint = f"commits: {', '.join(known[:5])}{f' and {len(known) - 5} more' if len(known) > 5 else ''}"
            raise UnknownName(f"expected the hash of one commit, found {name}, which starts {len(known)}", hint=hint)
        return str(known[0])
    return _in_git(name) or name


def _in_git(name: str) -> str | None:
    """Return the hash of a commit in the repository of the current folder; None without git, or without the commit."""
    command = ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return found.stdout.strip() or None if found.returncode == 0 else None
