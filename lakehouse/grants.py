"""The lakehouse as somebody sees it to whom a few data sets are granted.

It is the lakehouse that would be there if nothing but these data sets had ever been ingested: no file, no commit and
no name of another one. It is made of the lists of files, before anything is planned of them; thus every statement,
verb, view, error and overview is bound to it, however it is worded.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from lakehouse.snapshots.history import Commit, History
from srcql.errors import Forbidden

if TYPE_CHECKING:
    from lakehouse.snapshots.planner import File, TableState

Grant = frozenset[str] | None  # None: every data set, also those that are yet to come


def granted_state(state: "TableState", grant: Grant) -> "TableState":
    """A table as it is now, with the files and the commits of the granted data sets alone."""
    files = granted_files(state.files, grant)
    return state if grant is None else replace(state, files=files, history=_history(state.history, files))


def granted_files(files: tuple["File", ...], grant: Grant) -> tuple["File", ...]:
    """The files of the granted data sets."""
    return files if grant is None else tuple(file for file in files if file.data_set_id in grant)


def check_granted(data_sets: Iterable[str], grant: Grant) -> None:
    """Raise Forbidden for rows of a data set that is not granted, whether it exists or not."""
    others = [] if grant is None else sorted(set(data_sets) - grant)
    if others:
        shown = ", ".join(sorted(grant or ())) or "none"
        raise Forbidden(f"data set {others[0]} is not granted", hint=f"granted data sets: {shown}")


def _history(history: History, files: Iterable["File"]) -> History:
    """The commits that added any of these files, as if they had added nothing else.

    Sequence numbers close up over the commits that are left out, for a gap says that a snapshot has expired. Which of
    its batches had rows of which data set is not known of a commit, so that ids are told of one that is granted whole.
    """
    added: Counter[int] = Counter()
    for file in files:
        added[file.sequence] += file.rows
    seen, hidden, total = list[Commit](), 0, 0
    waiting = sorted(added)
    for commit in history:
        while waiting and waiting[0] <= commit.sequence:
            total += added[waiting.pop(0)]
        rows = added[commit.sequence]
        if not rows:
            hidden += 1
            continue
        batches = commit.batch_ids if rows == commit.added_rows else ()
        seen.append(
            replace(commit, sequence=commit.sequence - hidden, added_rows=rows, total_rows=total, batch_ids=batches)
        )
    return tuple(seen)
