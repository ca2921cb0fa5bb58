"""The lakehouse as a user sees it who is granted only some data sets.

The user sees the lakehouse that would exist if nothing but these data sets had ever been ingested: no file, commit or
name of another one. The filter applies to the lists of files before any planning. Therefore it covers every statement,
verb, view, error and overview.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from lakehouse.grants import Grant
from lakehouse.snapshots.history import History, TableSnapshot
from lakehouse.snapshots.state import File, TableState


def granted_state(state: TableState, grant: Grant) -> TableState:
    """Return the current state of a table with the files and snapshots of the granted data sets only."""
    files = granted_files(state.files, grant)
    return state if grant is None else replace(state, files=files, history=_granted_history(state.history, files))


def granted_files(files: tuple[File, ...], grant: Grant) -> tuple[File, ...]:
    """Return the files of the granted data sets."""
    return files if grant is None else tuple(file for file in files if file.data_set_id in grant)


def _granted_history(history: History, files: Iterable[File]) -> History:
    """Return the snapshots that added any of these files, as if they had added nothing else.

    Sequence numbers close up over the snapshots that are left out, because a gap means an expired snapshot. A snapshot
    does not record which of its batches had rows of which data set, so it keeps its batch ids only if it is granted
    whole.
    """
    added: Counter[int] = Counter()
    for file in files:
        added[file.sequence] += file.rows
    granted, hidden, total = list[TableSnapshot](), 0, 0
    pending = sorted(added)
    for snapshot in history:
        while pending and pending[0] <= snapshot.sequence:
            total += added[pending.pop(0)]
        rows = added[snapshot.sequence]
        if not rows:
            hidden += 1
            continue
        batches = snapshot.batch_ids if rows == snapshot.added_rows else ()
        sequence = snapshot.sequence - hidden
        granted.append(replace(snapshot, sequence=sequence, added_rows=rows, total_rows=total, batch_ids=batches))
    return tuple(granted)
