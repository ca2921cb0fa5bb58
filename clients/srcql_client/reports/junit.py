"""The report as JUnit XML: a suite for each problem, a case for each cell, a failure for a cell with a failing step.

If the gate fails for a reason that no cell shows, a case `gate` fails, so that the cases show the verdict.
"""

from itertools import chain, groupby
from typing import IO
from xml.sax.saxutils import quoteattr

from junitparser import Failure, Skipped, TestCase, TestSuite

from ..formats import counted
from .comparison import Cell, Comparison, Step
from .escaping import join_responses, multi_line, one_line, shorten, shorten_pair
from .verdict import Verdict

WIDTH = 80


def write(comparison: Comparison, verdict: Verdict, out: IO[bytes], _width: int, _colours: bool | None) -> None:
    """Write the report suite by suite, because all cases of a large comparison do not fit into memory."""
    total = comparison.total
    gate = [_gate(verdict)] if verdict.unseen else []
    counts = {"tests": total.cells, "failures": total.failed, "errors": 0, "skipped": total.skipped}
    counts |= {name: counts[name] + len(gate) for name in ("tests", "failures")}
    named = {"name": "srcql diff"} | {name: str(count) for name, count in counts.items()}
    attributes = " ".join(f"{name}={quoteattr(value)}" for name, value in named.items())
    out.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {attributes}>\n'.encode())
    problems = groupby(comparison.cells, lambda cell: f"{cell.data_set_id}.{cell.problem_id}")
    suites = ((name, map(_case, cells)) for name, cells in problems)
    for name, cases in chain([("srcql", gate)] if gate else [], suites):
        suite = TestSuite(one_line(name))
        suite.add_property("diff", multi_line(comparison.request.diff_statement))
        suite.add_property("verdict", multi_line(str(verdict)))
        suite.add_testcases(list(cases))
        out.write(suite.tostring() + b"\n")
    out.write(b"</testsuites>\n")


def _gate(verdict: Verdict) -> TestCase:
    case = TestCase("gate", "srcql")
    case.result = Failure("; ".join(verdict.unseen), "gate")
    return case


def _case(cell: Cell) -> TestCase:
    context = [f"{name}={value}" for name, value in cell.context.items()]
    name = f"{cell.test_id} [{', '.join(context)}]" if context else cell.test_id
    case = TestCase(one_line(name), one_line(f"{cell.data_set_id}.{cell.problem_id}.{cell.implementation_id}"))
    steps = "\n\n".join(map(_step, cell.differing))
    if cell.failed:
        case.result = _failure(cell, steps)
    elif cell.skipped:
        case.result = _skipped(cell)
    if steps and not cell.failed:
        case.system_out = steps
    return case


def _failure(cell: Cell, steps: str) -> Failure:
    """Return the failure of a cell, with a message about the first failing step."""
    first = next(step for step in cell.differing if step.failing)
    types = [first.status] if first.changed or first.flaky is None else []
    responses = (
        " -> ".join(shorten_pair(first.before, first.after, WIDTH))
        if types
        else shorten(join_responses(first.flaky), 2 * WIDTH)
    )
    types += [] if first.flaky is None else ["FLAKY"]
    failure = Failure(f"step {first.step_id}: {responses}", ", ".join(types))
    failure.text = steps
    return failure


def _skipped(cell: Cell) -> Skipped:
    statuses = ", ".join(f"{counted(steps, 'step')} {status}" for status, steps in cell.statuses.items())
    return Skipped(f"not comparable: {statuses}")


def _step(step: Step) -> str:
    parts = [f"step {step.step_id}: {step.status}", f"inputs: {multi_line(step.inputs)}"]
    parts += [f"before: {multi_line(step.before)}", f"after:  {multi_line(step.after)}"]
    parts += [f"flaky:  {multi_line(response)}" for response in step.flaky or []]
    return "\n".join(parts)
