"""Sequence sheets of LASSO: one JSON object a line, `{"cells": {"A1": ..., "B1": ...}}`.

Column A is the expected output, B the operation, C its target, D and later columns the arguments. Each line is a step;
the digits of a key are ignored, because some exports mislabel them.
"""

import json
import re

_OUTPUT_CELL = re.compile(r"A\d+")


def lines(sheet: str) -> list[dict[str, object]] | None:
    r"""Return the cells of each line; None if the text is not a sheet.

    >>> lines('{"cells":{"A1":"14l","B2":"size"}}\n')
    [{'A1': '14l', 'B2': 'size'}]
    >>> lines("assert f(1) == 2") is None
    True
    """
    try:
        rows = [json.loads(line) for line in sheet.split("\n") if line.strip()]
    except ValueError:
        return None
    cells = [row["cells"] for row in rows if isinstance(row, dict) and isinstance(row.get("cells"), dict)]
    return cells if cells and len(cells) == len(rows) else None


def expects(cells: dict[str, object]) -> bool:
    """Return whether a line has an expected output: its cell is not missing, blank or empty.

    >>> expects({"A1": "null", "B1": "pop"}), expects({"A1": {}, "B1": "pop"}), expects({"B1": "pop"})
    (True, False, False)
    """
    expected = [cell for key, cell in cells.items() if _OUTPUT_CELL.fullmatch(key)]
    return any(cell.strip() if isinstance(cell, str) else cell not in ({}, None) for cell in expected)


def undefined_steps(sheet: str, steps: int) -> list[int]:
    r"""Return which of the first `steps` steps have no expected output; an empty list if the text is not a sheet.

    >>> undefined_steps('{"cells":{"A1":"","B1":"create"}}\n{"cells":{"A2":"null","B2":"pop"}}', 3)
    [0, 2]
    """
    cells = lines(sheet)
    if cells is None:
        return []
    return [step for step in range(steps) if step >= len(cells) or not expects(cells[step])]
