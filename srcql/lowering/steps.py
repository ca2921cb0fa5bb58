"""STEPS: which steps of a test count; all implementations of the analysis decide that together."""

from collections.abc import Sequence
from dataclasses import dataclass

from srcql.lowering import runs
from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
from srcql.lowering.runs import Chosen
from srcql.sql import listed, same

CREATES = "operation = 'create' OR regexp_matches(output, '(?s)^[$]CUT@.*@0*' || CAST(step_id AS VARCHAR) || '$')"


@dataclass(frozen=True)
class Cells(Chosen):
    """The rows of the steps that count; `step_filter` is the SQL that limits other rows `c` to these steps."""

    step_filter: str


def kept(lowering: Lowering, columns: Sequence[str]) -> Cells:
    """Return the rows of the steps that count."""
    counted = lowering.cube.steps
    needed = ["operation", "output"] if counted == "EXCEPT CREATE" else []
    chosen = runs.chosen(lowering, [*columns, *needed])
    if counted == "ALL":
        return Cells(chosen.name, chosen.rows, "")
    step_filter = _step_filter(lowering, chosen)
    rows = lowering.define("__kept", f"SELECT {listed(columns, 'c')} FROM {chosen} AS c{step_filter}")
    return Cells(rows.name, chosen.rows, step_filter)


def _step_filter(lowering: Lowering, chosen: Cte) -> str:
    counted, step = lowering.cube.steps, same("c", "s", lowering.step)
    if counted == "LAST":
        last = f"SELECT {listed(lowering.test)}, max(step_id) AS step_id FROM {chosen} GROUP BY ALL"
        return f" JOIN {lowering.define('__last', last)} AS s ON {step}"
    if counted == "EXCEPT CREATE":
        created = f"SELECT DISTINCT {listed(lowering.step)} FROM {chosen} WHERE {CREATES}"
        return f" WHERE NOT EXISTS (SELECT 1 FROM {lowering.define('__created', created)} AS s WHERE {step})"
    return f" WHERE c.step_id IN ({', '.join(map(str, counted))})"
