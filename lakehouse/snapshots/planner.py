"""One consistent view of the three tables: the current one, and earlier ones while they are kept or held.

No data file's rows are opened. Iceberg's manifests say which data set a file belongs to and between which problem ids
it lies; the summary in the file's footer (`summary.py`) says which problems it holds. A commit of another process is
seen by the next `Planner.snapshot()`.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace

from lakehouse.metadata_files import missing_metadata
from lakehouse.snapshots.history import TableSnapshot
from lakehouse.snapshots.reader import StateReader
from lakehouse.snapshots.snapshot import LakehouseSnapshot, SnapshotIds
from lakehouse.snapshots.state import TableState
from lakehouse.warehouse import Warehouse
from srcql.errors import StoreError, UnknownName
from srcql.schema import TABLES

ATTEMPTS = 5
HELD = 1_024
ADOPTED_SECONDS = 60.0


class Planner:
    """Returns snapshots of the lakehouse, from which statements are planned; safe to share between threads."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._reader = StateReader(warehouse)
        self._lock = threading.Lock()
        self._snapshot: LakehouseSnapshot | None = None
        self._held: OrderedDict[SnapshotIds, tuple[LakehouseSnapshot, float]] = OrderedDict()

    def snapshot(self) -> LakehouseSnapshot:
        """Return the current snapshot of the three tables; later commits do not change it."""
        for _ in range(ATTEMPTS):
            locations = self._warehouse.metadata_locations()  # outside the lock: a locked catalog delays nobody twice
            try:
                with self._lock:
                    return self._current(locations)
            except FileNotFoundError as error:
                if locations == self._warehouse.metadata_locations():  # else it expired while it was read
                    raise missing_metadata(error) from error
        raise StoreError("the tables change faster than they can be read", hint="try again")

    def _current(self, locations: dict[str, str]) -> LakehouseSnapshot:
        if self._snapshot is None or self._snapshot.locations != locations:
            states = {name: self._reader.current(name, locations[name]) for name in TABLES}
            self._snapshot = LakehouseSnapshot(self._reader, locations, states)
        return self._snapshot

    def snapshot_of(self, ids: SnapshotIds) -> LakehouseSnapshot:
        """Return the three tables at these snapshots; tables at past snapshots have their current columns.

        Raises UnknownName for a snapshot that is neither kept nor held.
        """
        current = self.snapshot()
        if ids == tuple(current.ids.values()):
            return current
        with self._lock:
            held = self._held.get(ids)
        if held:
            return held[0]
        states = {name: self._state_at(current.states[name], id) for name, id in zip(TABLES, ids, strict=True)}
        return replace(current, states=states, _pasts={}, _parts={})

    def _state_at(self, state: TableState, snapshot_id: int | None) -> TableState:
        kept: dict[int | None, TableSnapshot | None] = {each.snapshot_id: each for each in state.history}
        if snapshot_id not in kept | {None: None}:
            message = f"unknown or expired snapshot {snapshot_id} of {state.table.name}"
            raise UnknownName(message, hint="run the query again")
        return self._reader.past(state, kept.get(snapshot_id))

    def hold(self, ids: SnapshotIds, until: float) -> None:
        """Keep the tables at these snapshots readable until a time (seconds since 1970), even if they expire.

        At most `HELD` are held; beyond that the longest held are released.
        """
        self._hold(ids, self.snapshot_of(ids), until)

    def held(self, ids: SnapshotIds | None) -> Mapping[str, TableState] | None:
        """Return the tables at these snapshots if they are held."""
        with self._lock:
            held = self._held.get(ids) if ids else None
        return held[0].states if held else None

    def adopt(self, ids: SnapshotIds, states: Mapping[str, TableState]) -> None:
        """Hold these tables, which another planner holds, for one statement or longer."""
        self._hold(
            ids, LakehouseSnapshot(self._reader, self.snapshot().locations, states), time.time() + ADOPTED_SECONDS
        )

    def _hold(self, ids: SnapshotIds, snapshot: LakehouseSnapshot, until: float) -> None:
        with self._lock:
            before = self._held.pop(ids, (snapshot, 0.0))[1]
            self._held[ids] = snapshot, max(until, before)
            while self._held and (len(self._held) > HELD or next(iter(self._held.values()))[1] < time.time()):
                self._held.popitem(last=False)
