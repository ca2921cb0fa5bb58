"""RUNS: which of several runs of a cell count, and whether they agree.

LATEST takes the run with the greatest (time, run_id). EACH, STABLE and ALL take every run. Of several contexts of one
run, the one with the greatest (time, environment_id, …) counts; of several rows for one step, the one with the greatest
(created_at, output).
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
    """The rows of the runs that count; `rows` are the selected rows that they were chosen from."""

    rows: Cte


def columns(lowering: Lowering) -> list[str]:
    """Return the columns about a cell's runs that later clauses need."""
    if lowering.compared:
        return ["__runs", "__time", "run_id", "response_key" if _stored(lowering) else "output"]
    return ["__runs"] if lowering.weighed else []


def chosen(lowering: Lowering, wanted: Sequence[str]) -> Chosen:
    """Return the rows that count, one for each step of a run; `__runs` and `__time` are computed if wanted."""
    computed = {"__runs", "__time"}
    plain = [column for column in dict.fromkeys(wanted) if column not in computed]
    if not lowering.several_runs:
        return _of_counted_runs(lowering, plain)
    rows = _of_counted_runs(lowering, [*plain, "run_id", *(["created_at"] if lowering.compared else [])])
    cell = lowering.cell
    counted = (
        f"SELECT {listed(cell)}, count(*) AS __runs FROM (SELECT DISTINCT {listed([*cell, 'run_id'])} FROM {rows})"
    )
    time = f", max(c.created_at) OVER (PARTITION BY {listed([*cell, 'run_id'], 'c')}) AS __time"
    repeated = (
        f"SELECT {listed([*plain, 'run_id'], 'c')}, n.__runs{time if lowering.compared else ''}"
        f" FROM {rows} AS c JOIN ({counted} GROUP BY ALL) AS n ON {same('c', 'n', cell)}"
    )
    return replace(rows, name=lowering.define("__repeated", repeated).name)


def _of_counted_runs(lowering: Lowering, wanted: Sequence[str]) -> Chosen:
    """Return the rows of the runs and contexts that count, without `__runs` and `__time`."""
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
    """Return the rows of each cell's latest run and context, one for each step; `of` is part of the CTEs' names."""
    times = f"SELECT {listed([*cell, *context])}, max(created_at) AS __time FROM {rows} GROUP BY ALL"
    runs = lowering.define(f"__{of}runs", times)
    first = f"PARTITION BY {listed(cell)} {greatest_first(['__time', *context])}"
    last = lowering.define(f"__{of}latest", f"SELECT * FROM {runs} QUALIFY row_number() OVER ({first}) = 1")
    at = same("r", "l", dict.fromkeys([*cell, *context]))
    latest_rows = f"SELECT r.* FROM {rows} AS r JOIN {last} AS l ON {at}"
    if context == CONTEXT[:1]:
        return lowering.define(f"__{of}chosen", f"SELECT {listed(wanted)} FROM ({latest_rows})")
    row = f"PARTITION BY {listed([*cell, 'step_id'])} {greatest_first(['created_at', 'output', *wanted])}"
    one = f"SELECT {listed(wanted)} FROM ({latest_rows}) QUALIFY row_number() OVER ({row}) = 1"
    return lowering.define(f"__{of}chosen", one)


def stable(lowering: Lowering, kept: Cte) -> Cte:
    """Define `__stable`: each step's row from the latest run that has it; a cell is `__flaky` if its runs differ."""
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
    """Return the digest that `response_key` computes, as SQL over the text of a response."""
    digits = f"substr(sha256({text}), 1, 16)"
    unsigned = f"CAST({lowering.forms.unsigned.format(digits)} AS DECIMAL(38, 0))"
    return f"CAST({unsigned} - CASE WHEN {digits} >= '8' THEN CAST({2**64} AS DECIMAL(38, 0)) ELSE 0 END AS BIGINT)"
