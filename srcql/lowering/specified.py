"""WITH SPECIFIED: expected values, beside what was observed.

Expected values belong to the problem: FROM, AT and conditions on data_set_id and problem_id alone select them. Of each
oracle the latest run of a test counts. Expected values belong to every analysis of their problem.
"""

from collections.abc import Sequence

from sqlglot import exp

from srcql.clauses.conditions import parts_on
from srcql.clauses.cube import KEY
from srcql.clauses.reader import Piece
from srcql.errors import Unsupported
from srcql.lowering import runs
from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
from srcql.lowering.steps import Cells
from srcql.sql import listed, same


def expected(lowering: Lowering, cells: Cells, wanted: Sequence[str]) -> Cte:
    """Define `__specified`: the wanted columns of the expected steps, in every analysis of these cells."""
    by, stored = lowering.cube.by, [column for column in wanted if column not in lowering.cube.by]
    cell = [*KEY, "implementation_id", "test_id"]
    rows = lowering.define("__expectations", _rows(lowering, stored))
    latest = runs.latest(lowering, rows, cell, runs.CONTEXT, [*cell, "step_id", *stored], of="expected_")
    of = str(latest)
    if by:
        analyses = f"SELECT DISTINCT {listed(lowering.cube.analysis)} FROM {cells.rows}"
        of = f"(SELECT e.*, {listed(by, 'a')} FROM {latest} AS e JOIN ({analyses}) AS a ON {same('e', 'a', KEY)})"
    return lowering.define("__specified", f"SELECT c.* FROM {of} AS c{cells.step_filter}")


def _rows(lowering: Lowering, columns: Sequence[str]) -> str:
    conditions = ["specified_oracle IS TRUE", *lowering.selected]
    conditions += [f"({part})" for part in repeated(lowering, parts_on(lowering.cube.where, KEY))]
    all_ = listed([*KEY, *columns, *runs.CONTEXT, "implementation_id", "test_id", "step_id", "created_at", "output"])
    return f"SELECT {all_} FROM {lowering.table} AS observations WHERE {' AND '.join(conditions)}"


def repeated(lowering: Lowering, parts: list[Piece]) -> list[Piece]:
    """Return parts of WHERE that the SQL holds twice; raises Unsupported for a parameter that cannot repeat."""
    asked = [part for part in parts if part.tree.find(exp.Placeholder)]
    if asked and not lowering.forms.numbered_parameters:
        hint = "use a constant instead of the parameter"
        raise Unsupported("the SQL of this engine cannot use a parameter twice", span=asked[0].span, hint=hint)
    return parts
