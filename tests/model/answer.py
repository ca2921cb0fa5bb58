"""The rows of a statement."""

from collections.abc import Callable

from tests.model.cluster import cluster
from tests.model.cube import Analysis, analyses
from tests.model.matrix import matrix
from tests.model.oracle import oracle
from tests.model.slice import slice_
from tests.model.statement import Lakehouse, Order, Row, Statement

VERBS: dict[str, Callable[[Analysis, Statement, Lakehouse], list[Row]]] = {
    "SLICE": slice_,
    "CLUSTER": cluster,
    "ORACLE": lambda analysis, statement, _: oracle(analysis, statement),
}


def answer(statement: Statement, lakehouse: Lakehouse) -> list[Row]:
    """The rows of the result as dicts, in their order; raises Refused for a statement that is an error."""
    found = analyses(statement, lakehouse)
    if statement.verb == "MATRIX":
        rows = matrix(found, statement)
    else:
        verb = VERBS[statement.verb]
        rows = [each.key | row | each.key for each in found for row in verb(each, statement, lakehouse)]
    for order in reversed(statement.order):
        rows = _ordered(rows, order)
    start = statement.offset or 0
    return rows[start:] if statement.limit is None else rows[start : start + statement.limit]


def _ordered(rows: list[Row], order: Order) -> list[Row]:
    known = [row for row in rows if row[order.column] is not None]
    unknown = [row for row in rows if row[order.column] is None]
    known.sort(key=lambda row: row[order.column], reverse=order.descending)
    return unknown + known if order.nulls_first else known + unknown
