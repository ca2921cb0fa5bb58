"""MATRIX: one problem, a column for each implementation."""

from tests.model.cube import Analysis, grouped, least
from tests.model.slice import shown
from tests.model.statement import Rejected, Row, Statement

MOST = 1000
Column = tuple[str, bool]  # an implementation id, and whether it belongs to a specified oracle


def matrix(analyses: list[Analysis], statement: Statement) -> list[Row]:
    if len({(each.key["data_set_id"], each.key["problem_id"]) for each in analyses}) > 1:
        raise Rejected("more than one problem")
    rows = [(each.key, shown(each, statement)) for each in analyses]
    columns = sorted({_column(row) for _, found in rows for row in found})
    if len(columns) > int(statement.number("AT MOST") or MOST):
        raise Rejected("too many columns")
    by_test = statement.says("ROWS TEST")
    places = ["test_id"] if by_test else ["test_id", "step_id"]
    added = ["inputs"] if statement.says("WITH INPUTS") else []
    titles = _titles(columns, [*(analyses[0].key if analyses else ()), *places, *added])
    head = (statement.head or ("output",))[0]
    answer = []
    for key, found in rows:
        groups = grouped(found, lambda row: tuple(row[place] for place in places))
        for place in sorted(groups):
            cells = grouped(groups[place], _column)
            filled = {titles[column]: _cell(cells.get(column), head, by_test) for column in columns}
            inputs = {"inputs": _inputs(groups[place], by_test)} if added else {}
            answer.append(key | dict(zip(places, place, strict=True)) | inputs | filled)
    return answer


def _inputs(rows: list[Row], as_list: bool) -> object:
    steps = grouped(rows, lambda row: row["step_id"])
    inputs = [least(row["inputs"] for row in steps[step]) for step in sorted(steps)]
    return inputs if as_list else inputs[0]


def _column(row: Row) -> Column:
    return row["implementation_id"], row["specified"]


def _cell(rows: list[Row] | None, head: str, as_list: bool) -> object:
    if not rows:
        return None
    values = [row[head] for row in sorted(rows, key=lambda row: row["step_id"])]
    return values if as_list else values[0]


def _titles(columns: list[Column], taken: list[str]) -> dict[Column, str]:
    """Return column names; a name that is empty or repeats another one, ignoring case, is numbered."""
    used = {"", *(name.lower() for name in taken)}
    titles = {}
    for column in columns:
        title, number = column[0], 0
        while title.lower() in used:
            number += 1
            title = f"{column[0]}_{number}"
        used.add(title.lower())
        titles[column] = title
    return titles
