"""Compute the rows of a statement."""

from collections.abc import Callable
from dataclasses import replace

from tests.model.check import check
from tests.model.cluster import cluster
from tests.model.cube import Analysis, analyses, nulls_last
from tests.model.diff import diff
from tests.model.discriminate import discriminate
from tests.model.flaky import flaky
from tests.model.matrix import matrix
from tests.model.minimize import minimize
from tests.model.oracle import oracle
from tests.model.rank import rank
from tests.model.similarity import similarity
from tests.model.slice import slice_
from tests.model.statement import AXES, NOTHING, Lakehouse, Order, Rejected, Row, Statement

Verb = Callable[[Analysis, Statement, Lakehouse], list[Row]]
VERBS: dict[str, Verb] = {
    "SLICE": slice_,
    "CLUSTER": cluster,
    "ORACLE": lambda analysis, statement, _: oracle(analysis, statement),
    "CHECK": check,
    "RANK": rank,
    "SIMILARITY": similarity,
    "DIFF": diff,
    "FLAKY": flaky,
    "DISCRIMINATE": discriminate,
    "MINIMIZE": minimize,
}
NAMED = {
    "CHECK": ("implementation_id", "test_id", "step_id"),
    "RANK": ("rank", "implementation_id"),
    "SIMILARITY": ("left_id", "right_id"),
    "DIFF": ("implementation_id", "test_id", "step_id"),
}


def answer(statement: Statement, lakehouse: Lakehouse) -> list[Row]:
    """Return the rows of the result as dicts, in order; raises Rejected for a statement that is an error."""
    found = analyses(replace(statement, runs="ALL") if statement.verb == "FLAKY" else statement, lakehouse)
    known(statement, found, lakehouse)
    if statement.verb == "MATRIX":
        rows = matrix(found, statement)
    else:
        verb = VERBS[statement.verb]
        each_rows = [(each, _untied(verb(each, statement, lakehouse), statement)) for each in found]
        rows = [each.key | row | each.key for each, rows in each_rows for row in rows]
    for order in reversed(statement.order):
        rows = _ordered(rows, order)
    start = statement.offset or 0
    return rows[start:] if statement.limit is None else rows[start : start + statement.limit]


def _untied(rows: list[Row], statement: Statement) -> list[Row]:
    """Order by all columns where two runs may have the same name."""
    if statement.runs != "EACH" or statement.verb not in NAMED:
        return rows
    names = NAMED[statement.verb]
    return sorted(rows, key=lambda row: nulls_last([*(row[name] for name in names if name in row), *row.values()]))


def known(statement: Statement, found: list[Analysis], lakehouse: Lakehouse) -> None:
    """Raise Rejected for a name that no selected problem has, and for a DIFF end of which WHERE selects nothing."""
    rows = [NOTHING | row for row in statement.source.rows(lakehouse.observations)]
    observed = [row for row in rows if not row["specified_oracle"]]
    if statement.ends:
        axis, names = AXES[statement.ends.axis], [statement.ends.before, statement.ends.after, statement.name("NOISE")]
        _find(axis, names, observed)
        selected = [row for each in found for row in each.rows]
        _find(axis, names if selected else [], selected)
    against = statement.against
    if against and against.reference == "IMPLEMENTATION" and statement.runs == "EACH":
        observed = [row | {"implementation_id": f"{row['implementation_id']}@{row['run_id']}"} for row in observed]
    problems = [condition for condition in statement.where if condition.on_problem]
    observed = [row for row in observed if all(condition.holds(row) for condition in problems)]
    if against and against.name is not None:
        column = f"{against.reference.lower()}_id"
        _find(column, [against.name] if observed else [], observed)


def _find(column: str, names: list[str | None], rows: list[Row]) -> None:
    values = {row[column] for row in rows}
    if not values.issuperset(name for name in names if name is not None):
        raise Rejected(f"unknown {column}")


def _ordered(rows: list[Row], order: Order) -> list[Row]:
    known = [row for row in rows if row[order.column] is not None]
    unknown = [row for row in rows if row[order.column] is None]
    known.sort(key=lambda row: row[order.column], reverse=order.descending)
    return unknown + known if order.nulls_first else known + unknown
