"""Apply the shared clauses: one analysis for each problem and each combination of values of the BY columns."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from srcql.schema import OBSERVATIONS, Role
from tests.model.equality import SEPARATOR, kind, response_key, response_text, row_of_ref
from tests.model.statement import NOTHING, Lakehouse, Row, Statement, Using

T = TypeVar("T")
CONTEXT = [column.name for column in OBSERVATIONS.of(Role.CONTEXT) if column.name != "run_id"]


class Response(NamedTuple):
    """One row with its kind and the key under which two responses are equal."""

    row: Row
    kind: str
    text: str


Cell = dict[int, Response]
Answered = dict[tuple[Any, ...], list[dict[int, Row]]]


class Voter(NamedTuple):
    """An implementation, or one of its runs under RUNS EACH."""

    implementation: str
    run: str | None = None

    @property
    def name(self) -> str:
        return self.implementation if self.run is None else f"{self.implementation}@{self.run}"


@dataclass(frozen=True)
class Analysis:
    """One problem in one combination of contexts: the selected rows, and the cells that the clauses after WHERE leave.

    A cell is a list of its runs: exactly one, except under RUNS ALL.
    """

    key: Row
    rows: list[Row]
    stated: list[Row]
    cells: Mapping[Voter, dict[str, list[Cell]]]
    expected: list[Row]

    @property
    def voters(self) -> list[Voter]:
        return sorted(self.cells, key=lambda voter: (voter.name, voter))

    @property
    def tests(self) -> list[str]:
        return sorted({test for tests in self.cells.values() for test in tests})

    @property
    def steps(self) -> list[tuple[str, int]]:
        """Return every (test, step) that any implementation has, in order."""
        every = self.cells.values()
        return sorted({(test, step) for tests in every for test in tests for run in tests[test] for step in run})

    def runs(self, voter: Voter, test: str) -> list[Cell]:
        return self.cells[voter].get(test, [])

    def response(self, voter: Voter, test: str, step: int) -> Response | None:
        """Return the response of a cell with a single run."""
        return next((run[step] for run in self.runs(voter, test) if step in run), None)


def analyses(statement: Statement, lakehouse: Lakehouse) -> list[Analysis]:
    """Return all analyses of a statement, in the order of their keys."""
    rows = _source(statement, lakehouse)
    observed = [row for row in rows if not row["specified_oracle"]]
    selected = [row for row in observed if all(condition.holds(row) for condition in statement.where)]
    names = ["data_set_id", "problem_id", *statement.by]
    groups = grouped(selected, lambda row: tuple(row[name] for name in names))
    if not statement.by:
        groups = {(row["data_set_id"], row["problem_id"]): [] for row in rows} | groups
    found = []
    for key in sorted(groups, key=nulls_last):
        named = dict(zip(names, key, strict=True))
        found.append(analysis(named, groups[key], _expected(rows, statement, named), statement))
    return found


def analysis(key: Row, rows: list[Row], stated: list[Row], statement: Statement) -> Analysis:
    """Apply RUNS, STEPS and MISSING to some rows, and STEPS to the expected ones."""
    answered = runs_of_cells(rows, statement.runs or "LATEST")
    kept = steps_kept(answered, statement.steps or "ALL")
    cells = missing(_cells(answered, kept, statement), statement)
    return Analysis(key, rows, stated, cells, [row for row in stated if kept(row)])


def part(whole: Analysis, statement: Statement, holds: Callable[[Row], bool]) -> Analysis:
    """Return some of the rows as a separate analysis."""
    return analysis(whole.key, [row for row in whole.rows if holds(row)], whole.stated, statement)


def grouped(items: Iterable[T], key: Callable[[T], Any]) -> dict[Any, list[T]]:
    groups = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


def least(values: Iterable[Any]) -> Any:
    """Return the least value that is not NULL."""
    return min((value for value in values if value is not None), default=None)


def nulls_last(values: Iterable[Any]) -> list[tuple[bool, Any]]:
    return [(value is None, 0 if value is None else value) for value in values]


def nulls_least(values: Iterable[Any]) -> list[tuple[bool, Any]]:
    return [(value is not None, 0 if value is None else value) for value in values]


def _source(statement: Statement, lakehouse: Lakehouse) -> list[Row]:
    """Return the rows that FROM names, with the derived columns; columns that a query lacks are NULL."""
    given = statement.source.rows(lakehouse.observations)
    return [NOTHING | row | _derived(row["output"]) for row in given]


def _derived(output: str | None) -> Row:
    return {"response_kind": kind(output), "response_key": response_key(response_text(output, Using()))}


def _expected(rows: list[Row], statement: Statement, key: Row) -> list[Row]:
    """Return the expected rows of a problem, by the latest run of each oracle and test; contexts do not select them."""
    conditions = [condition for condition in statement.where if condition.on_problem]
    mine = [row for row in rows if all(row[name] == key[name] for name in ("data_set_id", "problem_id"))]
    stated = [row for row in mine if row["specified_oracle"] and all(condition.holds(row) for condition in conditions)]
    by_cell = grouped(stated, lambda row: (row["implementation_id"], row["test_id"]))
    return [row for found in by_cell.values() for row in _runs(found, "LATEST")[0].values()]


def runs_of_cells(rows: list[Row], said: str, within: tuple[str, ...] = ()) -> Answered:
    """Return the runs of every cell, the latest first; `within`: further columns that separate cells."""
    by_cell = grouped(
        rows, lambda row: (row["implementation_id"], row["test_id"], *(row[name] or None for name in within))
    )
    return {cell: _runs(found, said) for cell, found in by_cell.items()}


def _cells(answered: Answered, kept: Callable[[Row], bool], statement: Statement) -> dict[Voter, dict[str, list[Cell]]]:
    cells: dict[Voter, dict[str, list[Cell]]] = defaultdict(dict)
    for (implementation, test), runs in answered.items():
        chosen = [{step: row for step, row in run.items() if kept(row)} for run in runs]
        for voter, found in _voters(implementation, chosen, statement):
            if any(found):
                cells[voter][test] = found
    return dict(cells)


def _runs(rows: list[Row], said: str) -> list[dict[int, Row]]:
    """Return the runs of one cell, the latest first; under LATEST only that run."""
    runs = grouped(rows, lambda row: row["run_id"])
    latest = sorted(runs, key=lambda run: nulls_least((_time(runs[run]), run)), reverse=True)
    if said == "LATEST":
        latest = latest[:1]
    return [_context(runs[run]) for run in latest]


def _context(rows: list[Row]) -> dict[int, Row]:
    """Return the rows of the greatest context of one run of a cell, one for each step."""
    contexts = grouped(rows, lambda row: tuple(row[name] for name in CONTEXT))
    answers = max(contexts, key=lambda context: nulls_least((_time(contexts[context]), *context)))
    steps = grouped(contexts[answers], lambda row: row["step_id"])
    return {step: max(found, key=_lateness) for step, found in steps.items()}


def _lateness(row: Row) -> list[tuple[bool, Any]]:
    return nulls_least((row["created_at"], row["output"], *(row[column.name] for column in OBSERVATIONS.columns)))


def _time(rows: list[Row]) -> Any:
    return max((row["created_at"] for row in rows if row["created_at"] is not None), default=None)


def steps_kept(answered: Answered, said: str) -> Callable[[Row], bool]:
    """Return which steps STEPS keeps, decided over all implementations of the analysis."""
    if said == "ALL":
        return lambda _: True
    every = [row for runs in answered.values() for run in runs for row in run.values()]
    if said == "LAST":
        by_test = grouped(every, lambda row: row["test_id"])
        last = {test: max(row["step_id"] for row in rows) for test, rows in by_test.items()}
        return lambda row: row["step_id"] == last.get(row["test_id"])
    if said == "EXCEPT CREATE":
        made = {(row["test_id"], row["step_id"]) for row in every if _creates(row)}
        return lambda row: (row["test_id"], row["step_id"]) not in made
    wanted = {int(step) for step in said.split(",")}
    return lambda row: row["step_id"] in wanted


def _creates(row: Row) -> bool:
    return row["operation"] == "create" or row_of_ref(row["output"]) == str(row["step_id"])


def _voters(implementation: str, runs: list[dict[int, Row]], statement: Statement) -> list[tuple[Voter, list[Cell]]]:
    """Return the voters with their cells."""
    cells = [{step: _response(row, statement) for step, row in run.items()} for run in runs]
    if statement.runs == "EACH":
        return [(Voter(implementation, _run_id(cell)), [cell]) for cell in cells if cell]
    if statement.runs == "STABLE":
        return [(Voter(implementation), [_stable(implementation, cells)])]
    return [(Voter(implementation), cells)]


def response(output: str | None, using: Using) -> Response:
    """Return a response that has no row of its own."""
    return Response({"output": output}, kind(output), response_text(output, using))


def _response(row: Row, statement: Statement) -> Response:
    return Response(row, kind(row["output"]), response_text(row["output"], statement.using))


def _run_id(cell: Cell) -> str:
    return str(next(iter(cell.values())).row["run_id"])


def _stable(implementation: str, runs: list[Cell]) -> Cell:
    """Return the latest run when all runs agree; else every step of any run, as FLAKY and equal to no other cell."""
    answers = [{step: response.text for step, response in run.items()} for run in runs]
    if all(answer == answers[0] for answer in answers):
        return runs[0]
    steps = {step: response for run in reversed(runs) for step, response in run.items()}
    text = f"FLAKY{SEPARATOR}{implementation}"
    return {step: Response(found.row, "FLAKY", text) for step, found in steps.items()}


def missing(cells: Mapping[Voter, dict[str, T]], statement: Statement) -> Mapping[Voter, dict[str, T]]:
    """Return the cells that MISSING keeps."""
    every = {test for tests in cells.values() for test in tests}
    if statement.missing == "DROP IMPLEMENTATIONS":
        kept = statement.against.name if statement.against and statement.against.reference == "IMPLEMENTATION" else None
        return {voter: tests for voter, tests in cells.items() if tests.keys() == every or voter.name == kept}
    if statement.missing == "DROP TESTS":
        common = {test for test in every if all(test in tests for tests in cells.values())}
        return {voter: {test: tests[test] for test in common} for voter, tests in cells.items() if common}
    return cells
