"""Scores of the implementations of one problem, by the answers that they share.

`mbr_scores(cells BIGINT[][]) -> BIGINT[]`: cells[i] are the keys of implementation i, one for each test. Its score is
the number of peers with an equal cell, summed over tests; a NULL matches nothing, and belongs where the cell is
missing, not observable or an exception (minimum Bayes risk by execution: F. Shi et al., "Natural language to code
translation with execution", 2022).

`codet_scores(passed BOOLEAN[][]) -> BIGINT[]`: passed[i] says of each test whether implementation i passes it. Its
score is the number of implementations that pass the same tests, times the square of the number of these tests (dual
execution agreement: B. Chen et al., "CodeT: code generation with generated tests", 2022). NULL is no pass.

Both take one row for each implementation, all of one length, and give the scores in the same order; NULL for NULL.
"""

from collections import Counter
from typing import Any

import pyarrow as pa

Rows = list[list[Any]]


def mbr(cells: Rows) -> list[int]:
    """The scores of one problem; raises ValueError when rows differ in length, as `codet` does.

    >>> mbr([[1, 2], [1, None], [1, 2], [3, None]])
    [3, 2, 3, 0]
    """
    _check("mbr_scores", cells)
    peers = [Counter(column) for column in zip(*cells, strict=True)]
    return [sum(alike[cell] - 1 for alike, cell in zip(peers, row, strict=True) if cell is not None) for row in cells]


def codet(passed: Rows) -> list[int]:
    """The scores of one problem.

    >>> codet([[True, True], [True, None], [True, False], [False, False]])
    [4, 2, 2, 0]
    """
    _check("codet_scores", passed)
    sets = [tuple(place for place, passes in enumerate(row) if passes) for row in passed]
    sizes = Counter(sets)
    return [sizes[tests] * len(tests) ** 2 for tests in sets]


def _check(function: str, rows: Rows) -> None:
    lengths = {-1 if row is None else len(row) for row in rows}
    if len(lengths) > 1 or -1 in lengths:
        found = "NULL" if -1 in lengths else f"{min(lengths)} and {max(lengths)}"
        raise ValueError(f"{function}: expected as many tests for every implementation, found {found}")


def mbr_scores(problems: Any) -> Any:
    """Of every problem: Arrow lists of lists of int64 -> Arrow lists of int64."""
    return _of_problems(problems, mbr)


def codet_scores(problems: Any) -> Any:
    """Of every problem: Arrow lists of lists of booleans -> Arrow lists of int64."""
    return _of_problems(problems, codet)


def _of_problems(problems: Any, function: Any) -> Any:
    answers = [None if rows is None else function(rows) for rows in problems.to_pylist()]
    return pa.array(answers, pa.list_(pa.int64()))
