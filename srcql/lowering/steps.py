"""STEPS: which steps of a test count, judged by all that any implementation of the analysis did."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from srcql.lowering import runs
from srcql.sql import listed, same

if TYPE_CHECKING:
    from srcql.lowering.cells import Lowering

CREATES = "operation = 'create' OR regexp_matches(output, '(?s)^[$]CUT@.*@0*' || CAST(step_id AS VARCHAR) || '$')"


def kept(lowering: "Lowering", columns: Sequence[str]) -> str:
    """The rows of the steps that count."""
    counted = lowering.cube.steps
    if counted == "ALL":
        return runs.chosen(lowering, columns)
    needed = ["operation", "output"] if counted == "EXCEPT CREATE" else []
    chosen = runs.chosen(lowering, [*columns, *needed])
    test = [*lowering.cube.analysis, "test_id"]
    if counted == "LAST":
        last = f"SELECT {listed(test)}, max(step_id) AS step_id FROM {chosen} GROUP BY ALL"
        lowering.define("__last", last)
    elif counted == "EXCEPT CREATE":
        created = f"SELECT DISTINCT {listed([*test, 'step_id'])} FROM {chosen} WHERE {CREATES}"
        lowering.define("__created", created)
    return lowering.define("__kept", f"SELECT {listed(columns, 'c')} FROM {chosen} AS c{counting(lowering)}")


def counting(lowering: "Lowering") -> str:
    """What limits the rows `c` to the steps that count."""
    counted, step = lowering.cube.steps, same("c", "s", [*lowering.cube.analysis, "test_id", "step_id"])
    if counted == "LAST":
        return f" JOIN __last AS s ON {step}"
    if counted == "EXCEPT CREATE":
        return f" WHERE NOT EXISTS (SELECT 1 FROM __created AS s WHERE {step})"
    return "" if counted == "ALL" else f" WHERE c.step_id IN ({', '.join(map(str, counted))})"
