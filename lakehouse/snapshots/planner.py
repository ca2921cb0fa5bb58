"""Which data files a statement has to read: one consistent view of the three tables, cached by metadata location.

Nothing here opens a row. Iceberg's manifests say which data set a file belongs to and between which problem ids it
lies; the summary in the file's footer (`summary.py`) says which problems it holds. Manifests and data files never
change, so what was read of them is kept; another process's commit is seen by the next `Planner.snapshot()`.
"""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

import pyarrow.parquet as pq
from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import DataFile, DataFileContent, ManifestEntry, read_manifest_list
from pyiceberg.table import Table as IcebergTable
from pyiceberg.types import IcebergType, ListType, MapType, NestedField, StringType, StructType

from lakehouse import summary
from lakehouse.grants import Grant, granted_files, granted_state
from lakehouse.snapshots.history import Commit, History, find, history_of, last_by
from lakehouse.summary import FileSummary, ProblemSummary
from lakehouse.warehouse import Warehouse
from srcql.clauses.at import At
from srcql.clauses.cube import Selection
from srcql.errors import StoreError, UnknownName, suggestion
from srcql.resolver import Choice
from srcql.schema import OBSERVATIONS, TABLES, Column, Role, Table
from srcql.sql import identifier

ATTEMPTS = 5
PAST_STATES = 256
HELD = 1_024
Ids = tuple[int | None, ...]  # snapshots of the tables, in the order of TABLES
Owners = dict[tuple[str, ...], dict[Hashable, frozenset[int]]]
PROBLEM_ID = OBSERVATIONS.column("problem_id").field_id

DUCKDB_TYPES = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ns": "TIMESTAMP_NS",
    "binary": "BLOB",
    "uuid": "UUID",
}


@dataclass(frozen=True)
class File:
    """One data file: where it is, of which data set, between which problem ids; `sequence` is its commit's number."""

    path: str
    data_set_id: str
    first_problem: str
    last_problem: str
    bytes: int
    rows: int
    sequence: int


@dataclass(frozen=True)
class TableState:
    """One table as one snapshot has it; `snapshot_id` is None before the first commit, `history` all that are kept."""

    table: Table
    snapshot_id: int | None
    history: History
    files: tuple[File, ...]


@dataclass(frozen=True)
class DataSetStatus:
    """How much the lakehouse holds of one data set."""

    data_set_id: str
    problems: int
    implementations: int
    runs: int
    rows: int


@dataclass(frozen=True)
class Status:
    """How much the lakehouse holds: its data sets, and the files, bytes and snapshots of the three tables."""

    data_sets: tuple[DataSetStatus, ...]
    files: int
    bytes: int
    snapshots: int


class Planner:
    """Answers which files hold what; keeps what it has read of manifests and footers."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._lock = threading.Lock()
        self._states: dict[str, tuple[str, TableState]] = {}
        self._manifests: dict[str, tuple[File, ...]] = {}
        self._summaries: dict[str, FileSummary] = {}
        self._snapshot: Snapshot | None = None
        self._held: OrderedDict[Ids, tuple[Snapshot, float]] = OrderedDict()
        self._files_of = lru_cache(PAST_STATES)(self._read_files)

    def snapshot(self) -> "Snapshot":
        """The three tables as they are now, in one view that later commits do not change."""
        with self._lock:
            for _ in range(ATTEMPTS):
                with suppress(FileNotFoundError):  # the snapshot expired while it was read
                    return self._current()
            raise StoreError("the tables change faster than they can be read", hint="ask again")

    def _current(self) -> "Snapshot":
        locations = self._warehouse.metadata_locations()
        if self._snapshot is None or self._snapshot.locations != locations:
            states = {name: self._state(name, locations[name]) for name in TABLES}
            self._snapshot = Snapshot(self, locations, states)
        return self._snapshot

    def snapshot_of(self, ids: Ids) -> "Snapshot":
        """The three tables as they were at these snapshots, and in the columns of now where that is long ago.

        Raises UnknownName when one of them is not kept.
        """
        now = self.snapshot()
        if ids == tuple(now.ids.values()):
            return now
        with self._lock:
            held = self._held.get(ids)
        if held:
            return held[0]
        states = {name: self._state_at(now.states[name], number) for name, number in zip(TABLES, ids, strict=True)}
        return replace(now, states=states, _pasts={}, _parts={})

    def hold(self, ids: Ids, until: float) -> None:
        """Keep the tables as they are at these snapshots until that time (seconds since 1970), whatever expires.

        Of too many that are held, those that were announced first are let go.
        """
        snapshot = self.snapshot_of(ids)
        with self._lock:
            before = self._held.pop(ids, (snapshot, 0.0))[1]
            self._held[ids] = snapshot, max(until, before)
            while self._held and (len(self._held) > HELD or next(iter(self._held.values()))[1] < time.time()):
                self._held.popitem(last=False)

    def _state_at(self, state: TableState, number: int | None) -> TableState:
        kept: dict[int | None, Commit | None] = {commit.snapshot_id: commit for commit in state.history}
        if number not in kept | {None: None}:
            raise UnknownName(f"snapshot {number} of {state.table.name} is not kept", hint="ask again")
        return self.past(state, kept.get(number))

    def past(self, state: TableState, commit: Commit | None) -> TableState:
        """A table as an earlier snapshot had it, in the columns of now; empty when there was none."""
        if commit is None:
            return replace(state, snapshot_id=None, files=())
        try:
            files = self._files_of(state.table.name, commit.manifest_list)
        except FileNotFoundError:
            raise StoreError(f"snapshot {commit.snapshot_id} expired while it was read", hint="ask again") from None
        return replace(state, snapshot_id=commit.snapshot_id, files=files)

    def expired(self) -> Mapping[int, datetime]:
        """Snapshots of observations that are no longer kept, and their times, as far as these are remembered."""
        return self._warehouse.expired(OBSERVATIONS.name)

    def summary(self, file: File) -> FileSummary:
        """What a file holds, problem by problem."""
        if file.path not in self._summaries:
            self._summaries[file.path] = self._read_summary(file.path)
        return self._summaries[file.path]

    def _state(self, name: str, location: str) -> TableState:
        known, state = self._states.get(name, (None, None))
        if state is None or known != location:
            state = self._load(TABLES[name], self._warehouse.table(name))
            self._states[name] = (location, state)
        return state

    def _load(self, table: Table, iceberg: IcebergTable) -> TableState:
        current = iceberg.current_snapshot()
        return TableState(
            with_added_columns(table, iceberg.schema().fields),
            current.snapshot_id if current else None,
            history_of(iceberg),
            self._files_of(table.name, current.manifest_list) if current else (),
        )

    def _read_files(self, name: str, manifest_list: str) -> tuple[File, ...]:
        """The files of the snapshot with that manifest list, by path."""
        iceberg = self._warehouse.table(name)
        manifests = read_manifest_list(iceberg.io.new_input(manifest_list))
        files = [file for manifest in manifests for file in self._files(iceberg, manifest)]
        return tuple(sorted(files, key=lambda file: file.path))

    def _files(self, iceberg: IcebergTable, manifest: Any) -> tuple[File, ...]:
        if manifest.manifest_path not in self._manifests:
            entries: list[ManifestEntry] = manifest.fetch_manifest_entry(iceberg.io)
            self._manifests[manifest.manifest_path] = tuple(map(_file, entries))
        return self._manifests[manifest.manifest_path]

    def _read_summary(self, path: str) -> FileSummary:
        try:
            with self._warehouse.table(OBSERVATIONS.name).io.new_input(path).open() as stream:
                found = summary.read(pq.read_metadata(stream).metadata)
        except OSError as error:
            raise StoreError(f"data file {path} cannot be read", hint=error.strerror) from error
        if found is None:
            raise _foreign(path)
        return found


@dataclass(frozen=True)
class Snapshot:
    """One view of the three tables: their snapshots, files and names, as far as they are granted."""

    planner: Planner
    locations: Mapping[str, str]
    states: Mapping[str, TableState]
    grant: Grant = None
    _pasts: dict[int, "Snapshot"] = field(default_factory=dict, compare=False, repr=False)
    _parts: dict[Grant, "Snapshot"] = field(default_factory=dict, compare=False, repr=False)

    @property
    def ids(self) -> dict[str, int | None]:
        """Snapshot id of every table; None before its first commit."""
        return {name: state.snapshot_id for name, state in self.states.items()}

    def only(self, grant: Grant) -> "Snapshot":
        """The view of the whole as somebody has it to whom these data sets are granted: always the same object."""
        if grant is None:
            return self
        if grant not in self._parts:
            states = {name: granted_state(state, grant) for name, state in self.states.items()}
            self._parts.setdefault(grant, replace(self, states=states, grant=grant, _pasts={}, _parts={}))
        return self._parts[grant]

    def at(self, at: At | None) -> "Snapshot":
        """The tables as they were; UnknownName when that is no longer kept."""
        if at is None:
            return self
        commit = find({name: state.history for name, state in self.states.items()}, at, self.planner.expired)
        if commit.snapshot_id not in self._pasts:
            self._pasts[commit.snapshot_id] = replace(self, states=self._as_of(commit), _pasts={}, _parts={})
        return self._pasts[commit.snapshot_id]

    def _as_of(self, commit: Commit) -> dict[str, TableState]:
        """Observations as of that commit of theirs, the other tables as of its time."""
        commits = {name: last_by(state.history, commit.committed_at) for name, state in self.states.items()}
        commits[OBSERVATIONS.name] = commit
        return {name: self._past(state, commits[name]) for name, state in self.states.items()}

    def _past(self, state: TableState, commit: Commit | None) -> TableState:
        past = self.planner.past(state, commit)
        return replace(past, files=granted_files(past.files, self.grant))

    def table(self, name: str) -> Table:
        """The columns of a table, with those that were added to it."""
        return self.states[name].table

    def rows_of(self, selection: Selection) -> Counter[tuple[str, str]]:
        """How many observations and expectations there are of every selected problem."""
        counted: Counter[tuple[str, str]] = Counter()
        for file, problem, found in self._selected(selection):
            counted[file.data_set_id, problem] += found.rows
        return counted

    def files(self, table: str, selection: Selection) -> list[File]:
        """The files that hold any selected problem, by path."""
        return [file for file, problems in self._candidates(table, selection) if self._holds(file, problems)]

    def choice(self, selection: Selection) -> Choice:
        """What RUNS has to choose from, over all selected cells."""
        writers: Owners = {}
        runs: Owners = {}
        choice = Choice.NOTHING
        for file, problem, found in self._selected(selection):
            for run, part in found.runs.items():
                writer = (self.planner.summary(file).batch, part.context)
                key = (file.data_set_id, problem)
                if not found.single or _shared(writers, (*key, run), writer, part.implementations):
                    return Choice.ROWS
                if _shared(runs, key, run, part.implementations):
                    choice = Choice.RUNS
        return choice

    def check_names(self, selection: Selection) -> None:
        """Raise UnknownName for a data set or problem in FROM that has no observations."""
        for target in selection.targets or ():
            data_set, problem = target.data_set, target.problem
            if data_set.text not in self.data_sets:
                hint = suggestion(data_set.text, self.data_sets, "data sets")
                raise UnknownName(f"unknown data set {data_set.text}", span=data_set.span, hint=hint)
            if problem and not self.files(OBSERVATIONS.name, Selection((target,), None, None)):
                hint = suggestion(problem.text, self.problems(data_set.text), "problems")
                message = f"unknown problem {problem.text} in data set {data_set.text}"
                raise UnknownName(message, span=problem.span, hint=hint)

    @cached_property
    def data_sets(self) -> frozenset[str]:
        """Every data set that has observations."""
        return frozenset(file.data_set_id for file in self.states[OBSERVATIONS.name].files)

    def problems(self, data_set_id: str) -> set[str]:
        """Every problem of a data set that has observations."""
        return {name for file in self._observed(data_set_id) for name in self.planner.summary(file).problems}

    def status(self) -> Status:
        """How much the lakehouse holds."""
        states = self.states.values()
        files = [file for state in states for file in state.files]
        return Status(
            tuple(self._data_set_status(name) for name in sorted(self.data_sets)),
            len(files),
            sum(file.bytes for file in files),
            sum(len(state.history) for state in states),
        )

    def _data_set_status(self, data_set_id: str) -> DataSetStatus:
        found = [item for file in self._observed(data_set_id) for item in self.planner.summary(file).problems.items()]
        runs = [(name, run, part) for name, summary in found for run, part in summary.runs.items()]
        implementations = {(name, digest) for name, _, part in runs for digest in part.implementations}
        problems, rows = {name for name, _ in found}, sum(summary.rows for _, summary in found)
        return DataSetStatus(data_set_id, len(problems), len(implementations), len({run for _, run, _ in runs}), rows)

    def _observed(self, data_set_id: str) -> list[File]:
        return [file for file in self.states[OBSERVATIONS.name].files if file.data_set_id == data_set_id]

    def _candidates(self, table: str, selection: Selection) -> Iterator[tuple[File, frozenset[str] | None]]:
        """Files that may hold a selected problem, each with the problems to look for (None: any)."""
        for file in self.states[table].files:
            problems = selection.problems_of(file.data_set_id)
            if problems is None or any(file.first_problem <= name <= file.last_problem for name in problems):
                yield file, problems

    def _holds(self, file: File, problems: frozenset[str] | None) -> bool:
        return problems is None or not problems.isdisjoint(self.planner.summary(file).problems)

    def _selected(self, selection: Selection) -> Iterator[tuple[File, str, ProblemSummary]]:
        for file, problems in self._candidates(OBSERVATIONS.name, selection):
            held = self.planner.summary(file).problems
            for problem in held if problems is None else problems & held.keys():
                yield file, problem, held[problem]


def _shared(owners: Owners, key: tuple[str, ...], owner: Hashable, new: frozenset[int]) -> bool:
    """Add to what an owner has of a key; whether another owner has any of it."""
    sets = owners.setdefault(key, {})
    shared = any(not found.isdisjoint(new) for other, found in sets.items() if other != owner)
    sets[owner] = sets.get(owner, frozenset()) | new
    return shared


def with_added_columns(table: Table, fields: tuple[NestedField, ...]) -> Table:
    """The table with the context columns that were added to its Iceberg schema."""
    published = {column.name for column in table.columns}
    added = [field for field in fields if field.name not in published]
    columns = [Column(field.name, duckdb_type(field.field_type), field.field_id, Role.CONTEXT, "") for field in added]
    return replace(table, columns=(*table.columns, *columns))


def duckdb_type(found: IcebergType) -> str:
    """The DuckDB type that reads an Iceberg type.

    >>> from pyiceberg.types import DecimalType, ListType, LongType
    >>> duckdb_type(LongType()), duckdb_type(DecimalType(9, 2))
    ('BIGINT', 'DECIMAL(9, 2)')
    """
    if isinstance(found, ListType):
        return f"{duckdb_type(found.element_type)}[]"
    if isinstance(found, MapType):
        return f"MAP({duckdb_type(found.key_type)}, {duckdb_type(found.value_type)})"
    if isinstance(found, StructType):
        parts = (f"{identifier(part.name)} {duckdb_type(part.field_type)}" for part in found.fields)
        return f"STRUCT({', '.join(parts)})"
    name = str(found)
    if name in DUCKDB_TYPES:
        return DUCKDB_TYPES[name]
    return "BLOB" if name.startswith("fixed") else name.upper()


def _file(entry: ManifestEntry) -> File:
    found: DataFile = entry.data_file
    if found.content is not DataFileContent.DATA:
        raise StoreError(
            f"file {found.file_path} holds deletes, which this store does not have",
            hint="observations are append-only: write what was wrong again in a new run",
        )
    bounds = [(bound or {}).get(PROBLEM_ID) for bound in (found.lower_bounds, found.upper_bounds)]
    if None in bounds:
        raise _foreign(found.file_path)
    first, last = (from_bytes(StringType(), bound) for bound in bounds if bound is not None)
    return File(
        path=found.file_path,
        data_set_id=found.partition[0],
        first_problem=first,
        last_problem=last,
        bytes=found.file_size_in_bytes,
        rows=found.record_count,
        sequence=entry.sequence_number or 0,
    )


def _foreign(path: str) -> StoreError:
    return StoreError(
        f"data file {path} was not written by this store, so what its rows answer is not known",
        hint="remove the file from the table and import its rows with `srcql import parquet`",
    )
