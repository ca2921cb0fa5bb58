"""Reads the states of the tables and the summaries of their files, from metadata and footers alone.

Manifests and data files never change, so everything that was read of them is cached.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

import pyarrow.parquet as pq

from lakehouse.data_files import damaged
from lakehouse.metadata_files import missing_metadata
from lakehouse.snapshots.columns import with_added_columns
from lakehouse.snapshots.history import TableSnapshot, history_of
from lakehouse.snapshots.manifests import Manifests, foreign_file
from lakehouse.snapshots.state import File, TableState
from lakehouse.summary import FileSummary, read_summary
from lakehouse.warehouse import Warehouse
from srcql.errors import StoreError
from srcql.schema import OBSERVATIONS, TABLES

PAST_STATES = 256


class StateReader:
    """Reads table states and file summaries of a warehouse."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._states: dict[str, tuple[str, TableState]] = {}
        self._summaries: dict[str, FileSummary] = {}
        self._manifests = Manifests()
        self._files_of = lru_cache(PAST_STATES)(self._read_files)

    def current(self, name: str, location: str) -> TableState:
        """Return the current state of a table, read again only when its metadata file is another one."""
        known, state = self._states.get(name, (None, None))
        if state is None or known != location:
            state = self._read_state(name)
            self._states[name] = (location, state)
        return state

    def past(self, state: TableState, snapshot: TableSnapshot | None) -> TableState:
        """Return a table at an earlier snapshot, with its current columns; empty without a snapshot."""
        if snapshot is None:
            return replace(state, snapshot_id=None, files=())
        try:
            files = self._files_of(state.table.name, snapshot.manifest_list)
        except FileNotFoundError as error:
            if self._warehouse.table(state.table.name).snapshot_by_id(snapshot.snapshot_id):
                raise missing_metadata(error) from error
            message = f"snapshot {snapshot.snapshot_id} expired while it was read"
            raise StoreError(message, hint="run the query again") from None
        return replace(state, snapshot_id=snapshot.snapshot_id, files=files)

    def expired_snapshots(self) -> Mapping[int, datetime]:
        """Return the ids and commit times of the expired snapshots of observations that are still known."""
        return self._warehouse.expired_snapshots(OBSERVATIONS.name)

    def summary(self, file: File) -> FileSummary:
        """Return what a file holds, problem by problem."""
        if file.path not in self._summaries:
            self._summaries[file.path] = self._read_summary(file)
        return self._summaries[file.path]

    def check(self, files: Iterable[File]) -> None:
        """Raise StoreError for a file that is missing or damaged, before its rows are read."""
        self._warehouse.file_checks.check(files)

    def _read_state(self, name: str) -> TableState:
        table = self._warehouse.table(name)
        current = table.current_snapshot()
        return TableState(
            with_added_columns(TABLES[name], table.schema().fields),
            current.snapshot_id if current else None,
            history_of(table),
            self._files_of(name, current.manifest_list) if current else (),
        )

    def _read_files(self, name: str, manifest_list: str) -> tuple[File, ...]:
        return self._manifests.files(self._warehouse.table(name), manifest_list)

    def _read_summary(self, file: File) -> FileSummary:
        self.check([file])
        try:
            with self._warehouse.table(OBSERVATIONS.name).io.new_input(file.path).open() as stream:
                summary = read_summary(pq.read_metadata(stream).metadata)
        except (ValueError, zlib.error) as error:
            raise damaged(file.path, "its summary cannot be read") from error
        except OSError as error:
            raise StoreError(f"data file {file.path} cannot be read", hint=error.strerror) from error
        if summary is None:
            raise foreign_file(file.path)
        return summary
