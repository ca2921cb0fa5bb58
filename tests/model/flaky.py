"""FLAKY: steps at which the runs of a cell differ."""

from collections import Counter, defaultdict
from collections.abc import Hashable
from itertools import pairwise

from tests.model.cube import Analysis, Voter, missing, nulls_last, runs_of_cells, steps_kept
from tests.model.equality import response_text
from tests.model.statement import Lakehouse, Row, Statement

NONE = "none"  # equal to no response text
WITHIN = {
    "WITHIN CODE": ("implementation_hash",),
    "WITHIN IMPLEMENTATION": (),
    "WITHIN COMMIT": ("implementation_hash", "git_commit_hash"),
}
Run = dict[int, Row]


def flaky(found: Analysis, statement: Statement, _: Lakehouse) -> list[Row]:
    """Return the flaky steps; WITHIN defines the cells, and so the runs and their latest contexts."""
    names = next((names for said, names in WITHIN.items() if statement.says(said)), WITHIN["WITHIN CODE"])
    answered = runs_of_cells(found.rows, "ALL", names)
    kept = steps_kept(answered, statement.steps or "ALL")
    cells: dict[Voter, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for (implementation, test, *code), latest_first in answered.items():
        runs = [{step: row for step, row in run.items() if kept(row)} for run in reversed(latest_first)]
        if any(runs):
            place = {"implementation_id": implementation} | dict(zip(names, code, strict=True))
            many = len(runs) >= int(statement.number("MIN RUNS") or 2)
            cells[Voter(implementation)][test] += [place | row for row in _steps(test, runs, statement) if many]
    rows = [row for tests in missing(cells, statement).values() for steps in tests.values() for row in steps]
    order = ("implementation_id", "test_id", "step_id", *names)
    return sorted(rows, key=lambda row: nulls_last(row[name] for name in order))


def _steps(test: str, runs: list[Run], statement: Statement) -> list[Row]:
    steps = sorted({step for run in runs for step in run})
    rows = [{"test_id": test, "step_id": step, **_step(runs, step, statement)} for step in steps]
    return [row for row in rows if row["n_distinct"] > 1]


def _step(runs: list[Run], step: int, statement: Statement) -> Row:
    answers = [_text(run.get(step), statement) for run in runs]
    counts = Counter(answers)
    texts = {answer: _least(runs, step, answers, answer) for answer in counts}
    shown = sorted(counts, key=lambda answer: (-counts[answer], nulls_last([texts[answer]])))
    return {
        "n_runs": len(runs),
        "n_distinct": len(counts),
        "flake_rate": (len(runs) - max(counts.values())) / len(runs),
        "flip_rate": sum(one != other for one, other in pairwise(answers)) / max(len(runs) - 1, 1),
        "outputs": [texts[answer] for answer in shown],
    }


def _text(row: Row | None, statement: Statement) -> Hashable:
    return NONE if row is None else response_text(row["output"], statement.using)


def _least(runs: list[Run], step: int, answers: list[Hashable], answer: Hashable) -> str | None:
    found = [run[step]["output"] for run, said in zip(runs, answers, strict=True) if said == answer and step in run]
    return min((output for output in found if output is not None), default=None)
