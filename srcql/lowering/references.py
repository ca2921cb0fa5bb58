"""The reference of AGAINST, and what it expects at each step.

`__references` has the columns of a step, `output`, and those of the owner. A row without owner is expected of every
implementation. Else it is expected of its implementation (RUN), or of the voter that was left out (LEAVE ONE OUT).
"""

from collections.abc import Sequence

from sqlglot import exp

from srcql.clauses.conditions import parts_on
from srcql.clauses.cube import KEY
from srcql.clauses.reader import Name
from srcql.errors import UnknownName, suggestion
from srcql.lowering import outcomes, runs, specified
from srcql.lowering.against import Against
from srcql.lowering.behaviour import Traces, traces_of
from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
from srcql.lowering.voting import count_votes
from srcql.sql import listed, literal, same

UNBOUND = (exp.Placeholder, exp.Parameter)


def apart(lowering: Lowering, against: Against) -> Lowering:
    """Return the lowering that keeps the reference apart from the rows that are checked.

    Raises UnknownName for an implementation or run that the selected problems do not have.
    """
    if against.name is None:
        return lowering
    _find(lowering, against, against.name)
    if against.kind == "RUN":
        return lowering.restricted(f"run_id IS DISTINCT FROM {literal(against.name.text)}")
    return lowering.sparing(against.name.text)


def references(lowering: Lowering, against: Against, traces: Traces) -> Cte:
    """Define `__references`: the columns of a step, those of its owner, and `output`."""
    return lowering.define("__references", QUERIES[against.kind](lowering, against, traces))


def joined(lowering: Lowering, against: Against, expected: Cte) -> str:
    """Return the join of a step `s` with its expectation `e` for the implementation `c`, whose own response is `t`.

    With LEAVE ONE OUT `o` is the expectation without the vote of `c`; an implementation that has no vote has none.
    """
    at = f" LEFT JOIN {expected} AS {{0}} ON {same('s', '{0}', lowering.step)}"
    if against.leave_one_out:
        return f"{at.format('o')} AND o.__who = t.__who{at.format('e')} AND e.__who IS NOT DISTINCT FROM o.__who"
    return at.format("e") + (" AND e.implementation_id = c.implementation_id" if against.kind == "RUN" else "")


def _specified(lowering: Lowering, _: Against, traces: Traces) -> str:
    rows = specified.expected(lowering, traces.cells, [*lowering.cube.analysis, "output"])
    return f"SELECT {listed([*lowering.step, 'output'])} FROM {rows}"


def _implementation(lowering: Lowering, against: Against, traces: Traces) -> str:
    output = f"CASE WHEN {lowering.kind('t')} <> 'FLAKY' THEN t.output END AS output"
    return f"SELECT {listed(lowering.step, 't')}, {output} FROM {traces} AS t WHERE {against.unchecked}"


def _oracle(lowering: Lowering, against: Against, traces: Traces) -> str:
    inner = lowering.over(against.using or lowering.cube.using)
    votes = count_votes(inner, against.rules, traces_of(inner, traces.cells))
    rows, columns = outcomes.decided(inner, against.rules, votes), [*lowering.step, "output"]
    if not against.leave_one_out:
        return f"SELECT {listed(columns)} FROM ({inner.with_} {rows})"
    left = outcomes.leaving_one_out(inner, against.rules, votes)
    voters = f"SELECT {listed([*columns, '__who'])} FROM ({left})"
    everyone = f"SELECT {listed(columns)}, CAST(NULL AS VARCHAR) AS __who FROM ({rows})"
    return f"{inner.with_} {voters} UNION ALL {everyone}"


def _run(lowering: Lowering, against: Against, traces: Traces) -> str:
    """Return the responses of each implementation in that run, in its latest context."""
    step = [*lowering.step, "implementation_id"]
    rows = lowering.define("__run", _rows_of_run(lowering, against, step))
    cell = [*lowering.cube.analysis, "implementation_id", "test_id"]
    latest = runs.latest(lowering, rows, cell, runs.CONTEXT, [*step, "output"], of="reference_")
    return f"SELECT {listed([*step, 'output'], 'c')} FROM {latest} AS c{traces.cells.step_filter}"


def _rows_of_run(lowering: Lowering, against: Against, step: Sequence[str]) -> str:
    assert against.name is not None
    where = lowering.cube.where
    conditions = ["specified_oracle IS NOT TRUE", f"run_id = {literal(against.name.text)}", *lowering.selected]
    conditions += [f"({part})" for part in specified.repeated(lowering, [where] if where else [])]
    columns = listed([*step, *runs.CONTEXT, "created_at", "output"])
    return f"SELECT {columns} FROM {lowering.table} AS observations WHERE {' AND '.join(conditions)}"


def _find(lowering: Lowering, against: Against, name: Name) -> None:
    """Raise UnknownName unless the selected problems have the name; other conditions of WHERE do not count."""
    parts = [part for part in parts_on(lowering.cube.where, KEY) if not part.tree.find(*UNBOUND)]
    conditions = ["specified_oracle IS NOT TRUE", *lowering.selected, *(f"({part})" for part in parts)]
    rows = f"SELECT * FROM {lowering.table} AS observations WHERE {' AND '.join(conditions)}"
    column = "c.run_id" if against.kind == "RUN" else lowering.entry
    found = lowering.ask(f"SELECT DISTINCT {column} FROM ({rows}) AS c")
    names = [row[0] for row in found or ()]
    if names and name.text not in names:
        what = against.kind.lower()
        hint = suggestion(name.text, [each for each in names if each is not None], f"{what}s")
        raise UnknownName(f"unknown {what} {name}", span=name.span, hint=hint)


QUERIES = {"SPECIFIED": _specified, "ORACLE": _oracle, "IMPLEMENTATION": _implementation, "RUN": _run}
