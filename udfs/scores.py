"""Scores of the implementations of one problem, by the responses that they share.

`mbr_scores(cells BIGINT[][]) -> BIGINT[]`: cells[i] has the keys of implementation i, one for each test. Its score is
the number of peers with an equal cell, summed over tests. A NULL matches nothing; use it for a cell that is missing,
not observable or an exception (minimum Bayes risk by execution: F. Shi et al., "Natural language to code translation
with execution", 2022).

`codet_scores(passed BOOLEAN[][]) -> BIGINT[]`: passed[i] has, for each test, whether implementation i passes it. Its
score is the number of implementations that pass the same tests, times the square of the number of these tests (dual
execution agreement: B. Chen et al., "CodeT: code generation with generated tests", 2022). NULL is not a pass.

Both take one row for each implementation, all of the same length, and return the scores in the same order; NULL for
NULL.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import pyarrow as pa

from udfs.columns import Column

Cells = Sequence[Sequence[int | None]]
Passed = Sequence[Sequence[bool | None]]


def mbr(cells: Cells) -> list[int]:
    """Return the scores of one problem; raise ValueError if rows differ in length, as `codet` does.

    >>> mbr([[1, 2], [1, None], [1, 2], [3, None]])
    [3, 2, 3, 0]
    """
    _check("mbr_scores", cells)
    counts = [Counter(column) for column in zip(*cells, strict=True)]
    return [sum(equal[cell] - 1 for equal, cell in zip(counts, row, strict=True) if cell is not None) for row in cells]


def codet(passed: Passed) -> list[int]:
    """Return the scores of one problem.

    >>> codet([[True, True], [True, None], [True, False], [False, False]])
    [4, 2, 2, 0]
    """
    _check("codet_scores", passed)
    sets = [tuple(test for test, passes in enumerate(row) if passes) for row in passed]
    sizes = Counter(sets)
    return [sizes[tests] * len(tests) ** 2 for tests in sets]


def _check(function: str, rows: Cells | Passed) -> None:
    lengths = {-1 if row is None else len(row) for row in rows}
    if len(lengths) > 1 or -1 in lengths:
        found = "NULL" if -1 in lengths else f"{min(lengths)} and {max(lengths)}"
        raise ValueError(f"{function}: expected the same number of tests for every implementation, found {found}")


def mbr_scores(problems: Column) -> pa.ListArray:
    """Return the scores of every problem: lists of lists of int64 -> lists of int64."""
    return _map(problems, mbr)


def codet_scores(problems: Column) -> pa.ListArray:
    """Return the scores of every problem: lists of lists of booleans -> lists of int64."""
    return _map(problems, codet)


def _map(problems: Column, function: Callable[..., list[int]]) -> pa.ListArray:
    scores = [None if rows is None else function(rows) for rows in problems.to_pylist()]
    return pa.array(scores, pa.list_(pa.int64()))
