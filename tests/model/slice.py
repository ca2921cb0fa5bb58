"""SLICE: the observed rows."""

from srcql.schema import OBSERVATIONS
from tests.model.cluster import latest, latest_code
from tests.model.cube import Analysis, nulls_last
from tests.model.equality import kind
from tests.model.statement import Lakehouse, Row, Statement

DEFAULT = ("test_id", "step_id", "implementation_id", "run_id", "operation", "inputs", "output", "kind")
CODE = ("source_code", "language")
TEST = {"test_source": "source_code", "focal_interface": "focal_interface", "test_language": "language"}


def slice_(analysis: Analysis, statement: Statement, lakehouse: Lakehouse) -> list[Row]:
    every = [column.name for column in OBSERVATIONS.columns]
    columns = every if statement.head == ("*",) else statement.head or DEFAULT
    added = [
        *(CODE if statement.says("WITH CODE") else ()),
        *(TEST if statement.says("WITH TESTS") else ()),
        *(("specified",) if statement.says("WITH SPECIFIED") else ()),
    ]
    rows = [_joined(row, analysis.key, lakehouse) for row in shown(analysis, statement)]
    order = ("test_id", "step_id", "implementation_id", "run_id", "specified")
    rows.sort(key=lambda row: nulls_last(row[name] for name in order))
    return [{name: row[name] for name in (*columns, *added)} for row in rows]


def shown(analysis: Analysis, statement: Statement) -> list[Row]:
    """Return all rows of an analysis with their derived columns; expected rows under WITH SPECIFIED."""
    observed = [
        response.row | {"implementation_id": voter.name, "implementation": voter.implementation, "kind": response.kind}
        for voter, tests in analysis.cells.items()
        for runs in tests.values()
        for run in runs
        for response in run.values()
    ]
    expected = [
        row | analysis.key | {"implementation": row["implementation_id"], "kind": kind(row["output"])}
        for row in analysis.expected
    ]
    said = statement.says("WITH SPECIFIED")
    return [row | {"specified": False} for row in observed] + [row | {"specified": True} for row in expected if said]


def _joined(row: Row, key: Row, lakehouse: Lakehouse) -> Row:
    code = latest_code(key, row["implementation"], lakehouse) or {}
    wanted = {name: row[name] for name in ("data_set_id", "problem_id", "test_id")}
    test = latest([each for each in lakehouse.tests if wanted.items() <= each.items()]) or {}
    return row | {name: code.get(name) for name in CODE} | {name: test.get(of) for name, of in TEST.items()}
