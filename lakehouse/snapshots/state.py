"""One table at one snapshot, and its data files."""

from dataclasses import dataclass

from lakehouse.data_files import Listed
from lakehouse.snapshots.history import History
from srcql.schema import Table


@dataclass(frozen=True)
class File(Listed):
    """One data file: its data set, first and last problem id; `sequence` is the sequence number of its commit."""

    data_set_id: str
    first_problem: str
    last_problem: str
    sequence: int


@dataclass(frozen=True)
class TableState:
    """One table at one snapshot; `snapshot_id` is None before the first commit, `history` holds all kept snapshots."""

    table: Table
    snapshot_id: int | None
    history: History
    files: tuple[File, ...]
