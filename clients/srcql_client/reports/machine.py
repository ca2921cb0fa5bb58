"""The report in JSON: one object, its keys and its lists in a fixed order, with every step that differs, whole."""

import json
from dataclasses import asdict
from typing import IO, Any

from .comparison import Cell, Comparison, Counts
from .question import Question
from .verdict import Verdict

SCHEMA = 1


def write(comparison: Comparison, verdict: Verdict, out: IO[bytes], _width: int, _colours: bool | None) -> None:
    """Write the report, cell by cell as they come."""
    asked = comparison.question
    head = {
        "schema": SCHEMA,
        "axis": asked.axis,
        "before": asked.before,
        "after": asked.after,
        "from": asked.source,
        "against": asked.against,
        "noise": asked.noise,
        "fail_on": list(asked.fail_on),
        "verdict": verdict.word,
        "reasons": list(verdict.reasons),
        "total": _counts(comparison.total, asked),
        "problems": [
            {"data_set_id": problem.data_set_id, "problem_id": problem.problem_id} | _counts(problem, asked)
            for problem in comparison.problems
        ],
    }
    out.write(_json(head)[:-1] + b', "cells": [')
    separator = b"\n"
    for cell in comparison.cells:
        out.write(separator + _json(_cell(cell)))
        separator = b",\n"
    out.write(b"\n]}\n")


def _counts(counts: Counts, asked: Question) -> dict[str, Any]:
    """Numbers of cells and steps; null for what was not asked."""
    numbers = {name: getattr(counts, name) for name in ("cells", "steps", "compared")}
    was_asked = {"regression": asked.against is not None, "changed": True, "flaky": asked.asks_flaky}
    tripping = {name: found.steps if was_asked[name] else None for name, found in counts.tripped.items()}
    return numbers | {"statuses": counts.statuses, "tripping": tripping}


def _cell(cell: Cell) -> dict[str, Any]:
    names = ("data_set_id", "problem_id", "context", "implementation_id", "test_id")
    return {name: getattr(cell, name) for name in names} | {"steps": [asdict(step) for step in cell.differing]}


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode()
