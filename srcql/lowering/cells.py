"""The cells of a cube: what the shared clauses become. Every verb reads the CTE `__cells`.

    __query     the user's own query, with all columns of observations        FROM (query)
    __rows      the observations that are selected                            FROM, WHERE
    __runs      the runs of each cell, and the contexts that they ran in      RUNS
    __latest    the runs and contexts that count
    __chosen    their rows, one for each step
    __repeated  the same with what STABLE and ALL need to know of a cell's runs
    __kept      the rows of the steps that count                              STEPS
    __stable    one row for each step, of runs that were compared             RUNS STABLE
    __complete  the rows of implementations or tests that lack nothing        MISSING
    __cells     the same, with columns that are derived from outputs

All names that start with two underscores belong to the language.
"""

from collections.abc import Iterable
from dataclasses import replace

from srcql.lowering import missing, runs, steps
from srcql.lowering.lowering import Lowering
from srcql.lowering.outputs import DERIVED, with_outputs
from srcql.lowering.steps import Cells
from srcql.sql import STEP_KEY


def cells(lowering: Lowering, wanted: Iterable[str]) -> Cells:
    """Define `__cells`: the columns of a step, of the analysis, and those wanted."""
    cube = lowering.cube
    run = ["run_id"] if cube.runs in ("EACH", "ALL") else []
    columns = list(dict.fromkeys((*STEP_KEY, *cube.by, *cube.within, *run, *wanted)))
    derived = {column: DERIVED[column] for column in columns if column in DERIVED} if cube.query else {}
    stored = [column for column in columns if column not in derived]
    kept = steps.kept(lowering, [*stored, *(["output"] if derived else []), *runs.columns(lowering)])
    last = runs.stable(lowering, kept) if lowering.compared else kept
    if cube.missing in missing.DROPS:
        last = missing.complete(lowering, last)
    named = lowering.define_rows("__cells", with_outputs(last, derived) if derived else f"SELECT * FROM {last}")
    return replace(kept, name=named.name)
