"""What implementations did, made comparable: their traces, and the classes of those that behave alike.

__traces      every response, with the name of who gave it
__signatures  each implementation's whole behaviour, as numbers that are equal for equal behaviour
__clusters    the implementations of one signature
__sizes       how large the largest of an analysis are
__leading     the implementations that stand in those
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from srcql.sql import listed, same

if TYPE_CHECKING:
    from srcql.lowering.cells import Lowering


SIGNATURE = ("__one", "__other", "__steps")
# Whether the responses of a group are not all the same; SQL NULL is one of them.
DIFFER = "(min(__response) <> max(__response) OR count(__response) NOT IN (0, count(*)))"


def traces(lowering: "Lowering", wanted: Iterable[str] = ()) -> str:
    """Define `__traces`: `__entry` is how who responded is called, `__who` tells it from all others.

    TOLERANCE makes no classes of responses: there is then no `__response`.
    """
    using, response = lowering.cube.using, ""
    if lowering.compared:
        cells, response = lowering.cells(wanted), ", c.__cell_key AS __response"
    elif using.tolerance:
        cells = lowering.cells([*wanted, "output"])
    elif using.stored:
        cells = lowering.cells([*wanted, "response_key" if using.stored == "response_key" else "output"])
        response = f", {using.stored} AS __response"
    else:
        cells = lowering.cells([*wanted, "output"])
        cells = lowering.define("__answers", lowering.with_outputs(cells, {"__response": using.key}))
    names = f"{lowering.entry} AS __entry, {lowering.identity} AS __who"
    return lowering.define_rows("__traces", f"SELECT c.*, {names}{response} FROM {cells} AS c")


def keyed(lowering: "Lowering") -> bool:
    """Whether `__response` is the digest that `response_key` gives."""
    return lowering.compared or not lowering.cube.using.exact


def signatures(lowering: "Lowering", more: str = "") -> str:
    """Define `__signatures`. Rows are hashed and the hashes summed, so no order counts.

    Twice, as one sum could hide a difference. `more` are further aggregates.
    """
    who = f"{listed(lowering.cube.analysis)}, implementation_id, __entry, __who"
    steps = f"SELECT {who}, {_signature(lowering)}{more} FROM __traces GROUP BY {who}"
    return lowering.define("__signatures", steps)


def whole_cells(lowering: "Lowering", of: str) -> str:
    """Define `__whole`: each cell of these responses as numbers that are equal for equal cells of one test."""
    cell = f"{listed(lowering.cube.analysis)}, __who, test_id"
    return lowering.define("__whole", f"SELECT {cell}, {_signature(lowering)} FROM {of} GROUP BY {cell}")


def _signature(lowering: "Lowering") -> str:
    row_hash = lowering.forms.row_hash
    one = f"sum({row_hash.format('test_id', 'step_id', '__response')}) AS __one"
    other = f"sum({row_hash.format('__response', 'step_id', 'test_id')}) AS __other"
    return f"{one}, {other}, count(*) AS __steps"


def representatives(lowering: "Lowering") -> str:
    """Define `__shown`: what one member of each cluster did."""
    at = f"{same('t', 'c', lowering.cube.analysis)} AND t.__who = c.__who"
    likely = "SELECT * FROM __traces WHERE __who IN (SELECT __who FROM __clusters)"  # one key is cheaper
    return lowering.define("__shown", f"SELECT t.* FROM ({likely}) AS t JOIN __clusters AS c ON {at}")


def clusters(lowering: "Lowering", of: str = "__signatures", size: str = "count(*)") -> str:
    """Define `__clusters` of these signatures; `size` is what counts of their members."""
    members = (
        f"{size} AS size, min(__who) AS __who, min(__entry) AS representative,"
        " list_sort(list(__entry)) AS implementations"
    )
    same_behaviour = listed([*lowering.cube.analysis, *SIGNATURE])
    classes = f"SELECT {same_behaviour}, {members} FROM {of} GROUP BY {same_behaviour}"
    return lowering.define("__clusters", classes)


def leading(lowering: "Lowering") -> None:
    """Define `__sizes`, what is known of the clusters of an analysis, and `__leading`, who stands in the largest."""
    cube = lowering.cube.analysis
    analysis = listed(cube)
    ranked = f"SELECT *, max(size) OVER (PARTITION BY {analysis}) AS __largest FROM __clusters"
    sizes = (
        f"SELECT {analysis}, __largest, count(*) AS n_distinct, count(*) FILTER (size = __largest) AS __leaders,"
        " CASE WHEN count(*) FILTER (size = __largest) > 1 THEN __largest"
        " ELSE coalesce(max(size) FILTER (size < __largest), 0) END AS __second"
        f" FROM ({ranked}) GROUP BY {analysis}, __largest"
    )
    lowering.define("__sizes", sizes)
    members = (
        f"SELECT {listed(cube, 's')}, s.__who, z.__leaders FROM __signatures AS s"
        f" JOIN __clusters AS k ON {same('s', 'k', [*cube, *SIGNATURE])}"
        f" JOIN __sizes AS z ON {same('s', 'z', cube)} AND k.size = z.__largest"
    )
    lowering.define("__leading", members)
