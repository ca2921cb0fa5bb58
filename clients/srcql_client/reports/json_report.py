"""The report in JSON: one object with every step that differs; keys and lists have a fixed order."""

import json
from dataclasses import asdict
from typing import IO

from .comparison import Cell, Comparison, Counts
from .request import Request
from .verdict import Verdict

SCHEMA = 1


def write(comparison: Comparison, verdict: Verdict, out: IO[bytes], _width: int, _colours: bool | None) -> None:
    """Write the report, cell by cell."""
    request = comparison.request
    head = {
        "schema": SCHEMA,
        "axis": request.axis,
        "before": request.before,
        "after": request.after,
        "from": request.source,
        "against": request.against,
        "noise": request.noise,
        "fail_on": list(request.fail_on),
        "verdict": verdict.word,
        "reasons": list(verdict.reasons),
        "total": _counts(comparison.total, request),
        "problems": [
            {"data_set_id": problem.data_set_id, "problem_id": problem.problem_id} | _counts(problem, request)
            for problem in comparison.problems
        ],
    }
    out.write(_json(head)[:-1] + b', "cells": [')
    separator = b"\n"
    for cell in comparison.cells:
        out.write(separator + _json(_cell(cell)))
        separator = b",\n"
    out.write(b"\n]}\n")


def _counts(counts: Counts, request: Request) -> dict[str, object]:
    """Return numbers of cells and steps; None for kinds that the request does not check."""
    numbers = {name: getattr(counts, name) for name in ("cells", "steps", "compared")}
    is_checked = {"regression": request.against is not None, "changed": True, "flaky": request.checks_flaky}
    tripping = {kind: found.steps if is_checked[kind] else None for kind, found in counts.kinds.items()}
    return numbers | {"statuses": counts.statuses, "tripping": tripping}


def _cell(cell: Cell) -> dict[str, object]:
    names = ("data_set_id", "problem_id", "context", "implementation_id", "test_id")
    return {name: getattr(cell, name) for name in names} | {"steps": [asdict(step) for step in cell.differing]}


def _json(value: dict[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode()
