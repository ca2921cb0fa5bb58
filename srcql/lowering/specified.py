"""WITH SPECIFIED: what somebody expects, beside what was observed.

Expected values belong to the problem: FROM, AT and conditions on data_set_id and problem_id alone select them. Of each
oracle the latest run of a test counts. They stand in every analysis of their problem.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from srcql.clauses.conditions import parts_on
from srcql.clauses.cube import KEY
from srcql.clauses.reader import Piece
from srcql.errors import Unsupported
from srcql.lowering import runs, steps
from srcql.sql import listed, same

if TYPE_CHECKING:
    from srcql.lowering.cells import Lowering


def expected(lowering: "Lowering", wanted: Sequence[str]) -> str:
    """Define `__specified`: the wanted columns of the expected steps; `__cells` is defined before."""
    by, stored = lowering.cube.by, [column for column in wanted if column not in lowering.cube.by]
    conditions = ["specified_oracle IS TRUE", *lowering.selected]
    conditions += [f"({part})" for part in repeated(lowering, parts_on(lowering.cube.where, KEY))]
    columns = listed([*KEY, *stored, *runs.CONTEXT, "implementation_id", "test_id", "step_id", "created_at", "output"])
    rows = f"SELECT {columns} FROM {lowering.table()} AS observations WHERE {' AND '.join(conditions)}"
    lowering.define("__expectations", rows)
    cell = [*KEY, "implementation_id", "test_id"]
    latest = runs.latest(lowering, "__expectations", cell, runs.CONTEXT, [*cell, "step_id", *stored], of="expected_")
    if by:
        analyses = f"SELECT DISTINCT {listed(lowering.cube.analysis)} FROM __rows"
        latest = f"(SELECT e.*, {listed(by, 'a')} FROM {latest} AS e JOIN ({analyses}) AS a ON {same('e', 'a', KEY)})"
    return lowering.define("__specified", f"SELECT c.* FROM {latest} AS c{steps.counting(lowering)}")


def repeated(lowering: "Lowering", parts: list[Piece]) -> list[Piece]:
    """Parts of WHERE that stand in the SQL once more."""
    asked = [part for part in parts if part.tree.find(exp.Placeholder)]
    if asked and not lowering.forms.numbered_parameters:
        raise Unsupported("a parameter cannot stand twice in the SQL of this engine", span=asked[0].span)
    return parts
