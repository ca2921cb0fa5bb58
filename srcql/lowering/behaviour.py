"""What implementations did, made comparable: their traces, and the clusters of those that behave alike.

__traces      every response, with the name of its entry
__signatures  each entry's behaviour on all tests, as numbers that are equal for equal behaviour
__clusters    the entries of one signature

An entry is an implementation or, with RUNS EACH, an implementation in one run. `__entry` is its name in the result,
`__who` is unique.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from srcql.lowering.cells import cells
from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
from srcql.lowering.outputs import with_outputs
from srcql.lowering.steps import Cells
from srcql.sql import listed, same

SIGNATURE = ("__one", "__other", "__steps")
# Whether the responses of a group are not all the same; SQL NULL is one of them.
DIFFER = "(min(__response) <> max(__response) OR count(__response) NOT IN (0, count(*)))"


@dataclass(frozen=True)
class Traces(Cte):
    """Every response, with `__entry`, `__who` and `__response`; TOLERANCE makes no classes and no `__response`."""

    cells: Cells


@dataclass(frozen=True)
class Behaviour:
    """What entries did, and which behave alike."""

    traces: Traces
    signatures: Cte
    clusters: Cte


def behaviour(lowering: Lowering, traces: Traces) -> Behaviour:
    """Define the signatures and clusters of these traces."""
    of = signatures(lowering, traces)
    return Behaviour(traces, of, clusters(lowering, of))


def traces(lowering: Lowering, wanted: Iterable[str] = ()) -> Traces:
    """Define `__traces` with the wanted columns of observations."""
    using = lowering.cube.using
    read = using.stored if using.stored == "response_key" else "output"
    return traces_of(lowering, cells(lowering, [*wanted, *([] if lowering.compared else [read])]))


def traces_of(lowering: Lowering, of: Cells) -> Traces:
    """Define `__traces` over cells that hold what the equality reads."""
    using, source, response = lowering.cube.using, Cte(of.name), ""
    if lowering.compared:
        response = ", c.__cell_key AS __response"
    elif using.stored and not using.tolerance:
        response = f", {using.stored} AS __response"
    elif not using.tolerance:
        source = lowering.define("__answers", with_outputs(of, {"__response": using.key}))
    names = f"{lowering.entry} AS __entry, {lowering.identity} AS __who"
    rows = lowering.define_rows("__traces", f"SELECT c.*, {names}{response} FROM {source} AS c")
    return Traces(rows.name, of)


def keyed(lowering: Lowering) -> bool:
    """Whether `__response` is the digest that `response_key` returns."""
    return lowering.compared or not lowering.cube.using.exact


def signatures(lowering: Lowering, traces: Cte, more: str = "") -> Cte:
    """Define `__signatures`; `more` are further aggregates.

    Rows are hashed and the hashes summed, so no order counts; twice, as one sum could hide a difference.
    """
    who = f"{listed(lowering.cube.analysis)}, implementation_id, __entry, __who"
    steps = f"SELECT {who}, {_signature(lowering)}{more} FROM {traces} GROUP BY {who}"
    return lowering.define("__signatures", steps)


def whole_cells(lowering: Lowering, of: Cte) -> Cte:
    """Define `__whole`: each cell of these responses as numbers that are equal for equal cells of one test."""
    cell = f"{listed(lowering.cube.analysis)}, __who, test_id"
    return lowering.define("__whole", f"SELECT {cell}, {_signature(lowering)} FROM {of} GROUP BY {cell}")


def _signature(lowering: Lowering) -> str:
    row_hash = lowering.forms.row_hash
    one = f"sum({row_hash.format('test_id', 'step_id', '__response')}) AS __one"
    other = f"sum({row_hash.format('__response', 'step_id', 'test_id')}) AS __other"
    return f"{one}, {other}, count(*) AS __steps"


def clusters(lowering: Lowering, of: Cte, size: str = "count(*)") -> Cte:
    """Define `__clusters` of these signatures; `size` is the aggregate that measures a cluster."""
    members = (
        f"{size} AS size, min(__who) AS __who, min(__entry) AS representative,"
        " list_sort(list(__entry)) AS implementations"
    )
    same_behaviour = listed([*lowering.cube.analysis, *SIGNATURE])
    classes = f"SELECT {same_behaviour}, {members} FROM {of} GROUP BY {same_behaviour}"
    return lowering.define("__clusters", classes)


def representatives(lowering: Lowering, traces: Cte, clusters: Cte) -> Cte:
    """Define `__shown`: the responses of one member of each cluster."""
    at = f"{same('t', 'c', lowering.cube.analysis)} AND t.__who = c.__who"
    likely = f"SELECT * FROM {traces} WHERE __who IN (SELECT __who FROM {clusters})"  # one key is cheaper
    return lowering.define("__shown", f"SELECT t.* FROM ({likely}) AS t JOIN {clusters} AS c ON {at}")
