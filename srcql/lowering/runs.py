"""RUNS: which of several runs of a cell answer, and whether they agree.

LATEST takes the run with the greatest (time, run_id), EACH, STABLE and ALL take every run; of one run's contexts the
one with the greatest (time, environment_id, …) answers, of two rows for one step the greatest (created_at, output).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
from srcql.lowering.outputs import with_outputs
from srcql.lowering.selected import rows as selected_rows
from srcql.resolver import Choice
from srcql.sql import greatest_first, listed, same

CONTEXT = ("run_id", "environment_id", "git_commit_hash", "ci_pipeline_id", "researcher_name")
FLAKY = "'FLAKY' || chr(31) || c.implementation_id"


@dataclass(frozen=True)
class Chosen(Cte):
    """The rows that answer for their cells; `rows` are those that they were chosen from."""

    rows: Cte


def columns(lowering: Lowering) -> list[str]:
    """The columns that later clauses need to know of a cell's runs."""
    if lowering.compared:
        return ["__runs", "__time", "run_id", "response_key" if _stored(lowering) else "output"]
    return ["__runs"] if lowering.weighed else []


def chosen(lowering: Lowering, wanted: Sequence[str]) -> Chosen:
    """The rows that answer, one for each step of a run that counts; `__runs` and `__time` are made where wanted."""
    made = {"__runs", "__time"}
    plain = [column for column in dict.fromkeys(wanted) if column not in made]
    if not lowering.several_runs:
        return answering(lowering, plain)
    answers = answering(lowering, [*plain, "run_id", *(["created_at"] if lowering.compared else [])])
    cell = lowering.cell
    counted = (
        f"SELECT {listed(cell)}, count(*) AS __runs FROM (SELECT DISTINCT {listed([*cell, 'run_id'])} FROM {answers})"
    )
    time = f", max(c.created_at) OVER (PARTITION BY {listed([*cell, 'run_id'], 'c')}) AS __time"
    repeated = (
        f"SELECT {listed([*plain, 'run_id'], 'c')}, n.__runs{time if lowering.compared else ''}"
        f" FROM {answers} AS c JOIN ({counted} GROUP BY ALL) AS n ON {same('c', 'n', cell)}"
    )
    return replace(answers, name=lowering.define("__repeated", repeated).name)


def answering(lowering: Lowering, wanted: Sequence[str]) -> Chosen:
    """The rows of the runs and contexts that answer for their cells."""
    if lowering.choice is Choice.NOTHING:
        rows = selected_rows(lowering, wanted)
        return Chosen(rows.name, rows)
    cell = list(dict.fromkeys([*lowering.cell, *([] if lowering.cube.runs == "LATEST" else ["run_id"])]))
    context = CONTEXT[:1] if lowering.choice is Choice.RUNS else CONTEXT
    rows = selected_rows(lowering, [*wanted, *context, "created_at", "output"])
    return Chosen(latest(lowering, rows, cell, context, wanted).name, rows)


def latest(
    lowering: Lowering, rows: Cte, cell: Sequence[str], context: Sequence[str], wanted: Sequence[str], of: str = ""
) -> Cte:
    """Of each cell's rows those of its latest run and context, one for each step; `of` tells the expressions apart."""
    times = f"SELECT {listed([*cell, *context])}, max(created_at) AS __time FROM {rows} GROUP BY ALL"
    runs = lowering.define(f"__{of}runs", times)
    first = f"PARTITION BY {listed(cell)} {greatest_first(['__time', *context])}"
    last = lowering.define(f"__{of}latest", f"SELECT * FROM {runs} QUALIFY row_number() OVER ({first}) = 1")
    at = same("r", "l", dict.fromkeys([*cell, *context]))
    answers = f"SELECT r.* FROM {rows} AS r JOIN {last} AS l ON {at}"
    if context == CONTEXT[:1]:
        return lowering.define(f"__{of}chosen", f"SELECT {listed(wanted)} FROM ({answers})")
    row = f"PARTITION BY {listed([*cell, 'step_id'])} {greatest_first(['created_at', 'output', *wanted])}"
    one = f"SELECT {listed(wanted)} FROM ({answers}) QUALIFY row_number() OVER ({row}) = 1"
    return lowering.define(f"__{of}chosen", one)


def stable(lowering: Lowering, kept: Cte) -> Cte:
    """One row for each step, the latest run's that has it; a cell whose runs differ anywhere is `__flaky`."""
    cell = lowering.cell
    keyed = lowering.define("__keyed", _keyed(lowering, kept))
    one = "max(__runs) <> count(*) OR count(DISTINCT __run_key) > 1"
    each = f"SELECT {listed([*cell, 'step_id'])}, {one} AS __differs FROM {keyed} GROUP BY {listed([*cell, 'step_id'])}"
    differing = f"SELECT {listed(cell)}, bool_or(__differs) AS __flaky FROM ({each}) GROUP BY {listed(cell)}"
    first = (
        f"PARTITION BY {listed([*cell, 'step_id'], 'c')} ORDER BY c.__time DESC NULLS LAST, c.run_id DESC NULLS LAST"
    )
    answer = (
        f"SELECT c.*, f.__flaky, CASE WHEN f.__flaky THEN {_key_of(lowering, FLAKY)} ELSE c.__run_key END AS __cell_key"
        f" FROM {keyed} AS c JOIN ({differing}) AS f ON {same('c', 'f', cell)}"
        f" QUALIFY row_number() OVER ({first}) = 1"
    )
    return lowering.define("__stable", answer)


def _stored(lowering: Lowering) -> bool:
    return lowering.cube.using.stored == "response_key" and lowering.cube.query is None


def _keyed(lowering: Lowering, kept: Cte) -> str:
    if _stored(lowering):
        return f"SELECT *, response_key AS __run_key FROM {kept}"
    return with_outputs(kept, {"__run_key": lowering.cube.using.key})


def _key_of(lowering: Lowering, text: str) -> str:
    """The digest that `response_key` makes of a response text, as SQL over that text."""
    digits = f"substr(sha256({text}), 1, 16)"
    unsigned = f"CAST({lowering.forms.unsigned.format(digits)} AS DECIMAL(38, 0))"
    return f"CAST({unsigned} - CASE WHEN {digits} >= '8' THEN CAST({2**64} AS DECIMAL(38, 0)) ELSE 0 END AS BIGINT)"
