"""One view of the three tables, and which of its files a statement reads."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from lakehouse.grants import Grant
from lakehouse.snapshots.choice import ProblemPart, choice_of
from lakehouse.snapshots.granted import granted_files, granted_state
from lakehouse.snapshots.history import TableSnapshot, find_snapshot, latest_at
from lakehouse.snapshots.reader import StateReader
from lakehouse.snapshots.state import File, TableState
from lakehouse.summary import FileSummary
from srcql.clauses.at import At
from srcql.clauses.cube import Selection
from srcql.errors import UnknownName, suggestion
from srcql.resolver import Choice
from srcql.schema import OBSERVATIONS, Table
from srcql.status import DataSetStatus, Status

SnapshotIds = tuple[int | None, ...]  # of the tables, in the order of TABLES


@dataclass(frozen=True)
class LakehouseSnapshot:
    """One view of the three tables: their snapshots, files and names, as far as they are granted."""

    reader: StateReader
    locations: Mapping[str, str]
    states: Mapping[str, TableState]
    grant: Grant = None
    _pasts: dict[int, "LakehouseSnapshot"] = field(default_factory=dict, compare=False, repr=False)
    _parts: dict[Grant, "LakehouseSnapshot"] = field(default_factory=dict, compare=False, repr=False)

    @property
    def ids(self) -> dict[str, int | None]:
        """The snapshot id of every table; None before its first commit."""
        return {name: state.snapshot_id for name, state in self.states.items()}

    def only(self, grant: Grant) -> "LakehouseSnapshot":
        """Return this view reduced to the granted data sets; the same object for the same grant."""
        if grant is None:
            return self
        if grant not in self._parts:
            states = {name: granted_state(state, grant) for name, state in self.states.items()}
            self._parts.setdefault(grant, replace(self, states=states, grant=grant, _pasts={}, _parts={}))
        return self._parts[grant]

    def at(self, at: At | None) -> "LakehouseSnapshot":
        """Return the tables at the snapshot that AT selects; UnknownName if it is unknown or has expired."""
        if at is None:
            return self
        histories = {name: state.history for name, state in self.states.items()}
        selected = find_snapshot(histories, at, self.reader.expired_snapshots)
        if selected.snapshot_id not in self._pasts:
            self._pasts[selected.snapshot_id] = replace(self, states=self._as_of(selected), _pasts={}, _parts={})
        return self._pasts[selected.snapshot_id]

    def _as_of(self, observed: TableSnapshot) -> dict[str, TableState]:
        """Return observations at that snapshot and the other tables at its commit time."""
        snapshots = {name: latest_at(state.history, observed.committed_at) for name, state in self.states.items()}
        snapshots[OBSERVATIONS.name] = observed
        return {name: self._past(state, snapshots[name]) for name, state in self.states.items()}

    def _past(self, state: TableState, snapshot: TableSnapshot | None) -> TableState:
        past = self.reader.past(state, snapshot)
        return replace(past, files=granted_files(past.files, self.grant))

    def table(self, name: str) -> Table:
        """Return the columns of a table, including those that were added to it."""
        return self.states[name].table

    def rows_of(self, selection: Selection) -> Counter[tuple[str, str]]:
        """Count the observations and expected values of every selected problem."""
        counts: Counter[tuple[str, str]] = Counter()
        for part in self._selected(selection):
            counts[part.data_set_id, part.problem_id] += part.summary.rows
        return counts

    def files(self, table: str, selection: Selection) -> list[File]:
        """Return the files that hold a selected problem, sorted by path."""
        return [file for file, problems in self._candidates(table, selection) if self._holds(file, problems)]

    def choice(self, selection: Selection) -> Choice:
        """Return what RUNS has to choose from, over all selected cells."""
        return choice_of(self._selected(selection))

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
        """The data sets that have observations."""
        return frozenset(file.data_set_id for file in self.states[OBSERVATIONS.name].files)

    def problems(self, data_set_id: str) -> set[str]:
        """Return the problems of a data set that have observations."""
        return {problem for summary in self._summaries(data_set_id) for problem in summary.problems}

    def status(self) -> Status:
        """Return how much the lakehouse holds."""
        states = self.states.values()
        files = [file for state in states for file in state.files]
        return Status(
            tuple(self._data_set_status(name) for name in sorted(self.data_sets)),
            len(files),
            sum(file.bytes for file in files),
            sum(len(state.history) for state in states),
        )

    def _data_set_status(self, data_set_id: str) -> DataSetStatus:
        problems = [item for summary in self._summaries(data_set_id) for item in summary.problems.items()]
        runs = [(name, run_id, run) for name, summary in problems for run_id, run in summary.runs.items()]
        implementations = {(name, digest) for name, _, run in runs for digest in run.implementations}
        return DataSetStatus(
            data_set_id,
            problems=len({name for name, _ in problems}),
            implementations=len(implementations),
            runs=len({run_id for _, run_id, _ in runs}),
            rows=sum(summary.rows for _, summary in problems),
        )

    def _summaries(self, data_set_id: str) -> list[FileSummary]:
        files = self.states[OBSERVATIONS.name].files
        return [self.reader.summary(file) for file in files if file.data_set_id == data_set_id]

    def _candidates(self, table: str, selection: Selection) -> Iterator[tuple[File, frozenset[str] | None]]:
        """Yield the files that may hold a selected problem, each with the problems to look for (None: any)."""
        for file in self.states[table].files:
            problems = selection.problems_of(file.data_set_id)
            if problems is None or any(file.first_problem <= name <= file.last_problem for name in problems):
                yield file, problems

    def _holds(self, file: File, problems: frozenset[str] | None) -> bool:
        return problems is None or not problems.isdisjoint(self.reader.summary(file).problems)

    def _selected(self, selection: Selection) -> Iterator[ProblemPart]:
        """Yield every selected problem of every file of observations."""
        for file, problems in self._candidates(OBSERVATIONS.name, selection):
            summary = self.reader.summary(file)
            for name in summary.problems if problems is None else problems & summary.problems.keys():
                yield ProblemPart(file.data_set_id, name, summary.batch, summary.problems[name])
