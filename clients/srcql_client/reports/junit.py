"""The report as JUnit XML: a suite for each problem, a case for each cell, a failure where a step of it trips.

A gate that is shut for what no cell shows is a case that fails, too: who reads the cases alone must not see it open.
"""

from itertools import chain, groupby
from typing import IO
from xml.sax.saxutils import quoteattr

from junitparser import Failure, Skipped, TestCase, TestSuite

from ..formats import counted
from .comparison import Cell, Comparison, Step
from .text import block, flaky, line, pair, short
from .verdict import Verdict

WIDTH = 80


def write(comparison: Comparison, verdict: Verdict, out: IO[bytes], _width: int, _colours: bool | None) -> None:
    """Write the report suite by suite: a large comparison has more cases than should be held at once."""
    total, asked = comparison.total, comparison.question
    gate = [_gate(verdict)] if verdict.unshown else []
    counts = {"tests": total.cells, "failures": total.failed, "errors": 0, "skipped": total.skipped}
    counts |= {name: counts[name] + len(gate) for name in ("tests", "failures")}
    named = {"name": "srcql diff"} | {name: str(count) for name, count in counts.items()}
    attributes = " ".join(f"{name}={quoteattr(value)}" for name, value in named.items())
    out.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {attributes}>\n'.encode())
    problems = groupby(comparison.cells, lambda cell: f"{cell.data_set_id}.{cell.problem_id}")
    suites = ((name, map(_case, cells)) for name, cells in problems)
    for name, cases in chain([("srcql", gate)] if gate else [], suites):
        suite = TestSuite(line(name))
        suite.add_property("diff", block(asked.diff))
        suite.add_property("verdict", block(str(verdict)))
        suite.add_testcases(list(cases))
        out.write(suite.tostring() + b"\n")
    out.write(b"</testsuites>\n")


def _gate(verdict: Verdict) -> TestCase:
    case = TestCase("gate", "srcql")
    case.result = Failure("; ".join(verdict.unshown), "gate")
    return case


def _case(cell: Cell) -> TestCase:
    context = [f"{name}={value}" for name, value in cell.context.items()]
    name = f"{cell.test_id} [{', '.join(context)}]" if context else cell.test_id
    case = TestCase(line(name), line(f"{cell.data_set_id}.{cell.problem_id}.{cell.implementation_id}"))
    steps = "\n\n".join(map(_step, cell.differing))
    if cell.failed:
        case.result = _failure(cell, steps)
    elif cell.skipped:
        case.result = _skipped(cell)
    if steps and not cell.failed:
        case.system_out = steps
    return case


def _failure(cell: Cell, steps: str) -> Failure:
    """The failure of a cell; its message is of the first step that trips."""
    first = next(step for step in cell.differing if step.failing)
    kinds = [first.status] if first.changed or first.flaky is None else []
    said = " -> ".join(pair(first.before, first.after, WIDTH)) if kinds else short(flaky(first.flaky), 2 * WIDTH)
    failure = Failure(f"step {first.step_id}: {said}", ", ".join([*kinds, *([] if first.flaky is None else ["FLAKY"])]))
    failure.text = steps
    return failure


def _skipped(cell: Cell) -> Skipped:
    statuses = ", ".join(f"{counted(steps, 'step')} {status}" for status, steps in cell.statuses.items())
    return Skipped(f"not comparable: {statuses}")


def _step(step: Step) -> str:
    parts = [f"step {step.step_id}: {step.status}", f"inputs: {block(step.inputs)}"]
    parts += [f"before: {block(step.before)}", f"after:  {block(step.after)}"]
    parts += [f"flaky:  {block(answer)}" for answer in step.flaky or []]
    return "\n".join(parts)
