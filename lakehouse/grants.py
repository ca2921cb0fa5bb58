"""Grants: the data sets that a user may read and write."""

from collections.abc import Iterable

from srcql.errors import Forbidden

Grant = frozenset[str] | None  # None: every data set, including those that do not exist yet


def check_granted(data_sets: Iterable[str], grant: Grant) -> None:
    """Raise Forbidden for a data set that is not granted, whether it exists or not."""
    missing = [] if grant is None else sorted(set(data_sets) - grant)
    if missing:
        granted = ", ".join(sorted(grant or ())) or "none"
        raise Forbidden(f"data set {missing[0]} is not granted", hint=f"granted data sets: {granted}")
