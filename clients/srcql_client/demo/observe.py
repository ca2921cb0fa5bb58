"""Run the implementations of a problem and return rows of the three tables.

A response is the text of its value (`encoding.py`), and the handle `$CUT@Problem@step` for a created object.
"""

import copy
import inspect
import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa

from ..code_hash import code_hash
from ..encoding import encode
from .problem import Call, Problem

Row = dict[str, object]


def observations(problem: Problem, data_set_id: str, run_id: str) -> pa.Table:
    """Run every implementation under every test and return an observation for each step."""
    sheets = {test_id: code_hash(sheet(calls)) for test_id, calls in problem.tests.items()}
    sources = {each: code_hash(inspect.getsource(each)) for each in problem.implementations}
    rows = [
        {
            "data_set_id": data_set_id,
            "problem_id": problem.problem_id,
            "implementation_id": implementation.__name__,
            "test_id": test_id,
            "implementation_hash": sources[implementation],
            "test_hash": sheets[test_id],
            "run_id": run_id,
            "environment_id": "demo",
            **step,
        }
        for implementation in problem.implementations
        for test_id, calls in problem.tests.items()
        for step in _run(implementation, calls)
    ]
    return pa.Table.from_pylist(rows)


def specified(problems: Iterable[Problem], data_set_id: str, run_id: str) -> pa.Table:
    """Return the expected responses as observations of the specified oracle, for tests that expect any."""
    rows = [
        {
            "data_set_id": data_set_id,
            "problem_id": problem.problem_id,
            "implementation_id": "oracle",
            "test_id": test_id,
            "test_hash": code_hash(sheet(calls)),
            "run_id": run_id,
            "environment_id": "demo",
            "step_id": step_id,
            "operation": call.operation,
            "inputs": encode(call.arguments),
            "output": call.expected or "$*",
            "specified_oracle": True,
        }
        for problem in problems
        for test_id, calls in problem.tests.items()
        if any(call.expected for call in calls)
        for step_id, call in enumerate(calls)
    ]
    return pa.Table.from_pylist(rows)


def implementations(problem: Problem, data_set_id: str) -> pa.Table:
    """Return the source code of the implementations."""
    return pa.Table.from_pylist([_source(problem, data_set_id, each) for each in problem.implementations])


def tests(problem: Problem, data_set_id: str) -> pa.Table:
    """Return the tests as sequence sheets."""
    return pa.Table.from_pylist(
        [
            {
                "data_set_id": data_set_id,
                "problem_id": problem.problem_id,
                "test_id": test_id,
                "source_code": sheet(calls),
                "focal_interface": problem.interface,
                "code_hash": code_hash(sheet(calls)),
                "language": "ssn",
            }
            for test_id, calls in problem.tests.items()
        ]
    )


def sheet(calls: tuple[Call, ...]) -> str:
    r"""Return a test as a sequence sheet: a line for each call, with its expected output first.

    >>> sheet((Call("median", ([1, 2],)),))
    '{"cells": {"A1": {}, "B1": "median", "C1": "Problem", "D1": "[1, 2]"}}\n'
    """
    lines = []
    for row, call in enumerate(calls, 1):
        target = "A1" if row > 1 else "Problem"
        cells: Row = {f"A{row}": call.expected or {}, f"B{row}": call.operation, f"C{row}": target}
        cells |= {f"{chr(ord('D') + at)}{row}": json.dumps(argument) for at, argument in enumerate(call.arguments)}
        lines.append(json.dumps({"cells": cells}) + "\n")
    return "".join(lines)


def _source(problem: Problem, data_set_id: str, implementation: Callable[..., object]) -> Row:
    source = inspect.getsource(implementation)
    return {
        "data_set_id": data_set_id,
        "problem_id": problem.problem_id,
        "implementation_id": implementation.__name__,
        "source_code": source,
        "code_hash": code_hash(source),
        "lines_of_code": source.count("\n"),
        "language": "python",
    }


def _run(implementation: Callable[..., object], calls: tuple[Call, ...]) -> Iterator[Row]:
    """Run one test and yield its steps; a test continues after an exception, as a caller that catches it."""
    target: Any = implementation
    for step_id, call in enumerate(calls):
        operation: Any = target if step_id == 0 else getattr(target, call.operation, None)
        arguments = copy.deepcopy(call.arguments)
        started = time.perf_counter_ns()
        try:
            response = operation(*arguments)
            output = encode(response) if call.operation != "create" else f"$CUT@Problem@{step_id}"
        except Exception as error:
            response, output = None, encode(error)
        elapsed = time.perf_counter_ns() - started
        if call.operation == "create":
            target = response
        yield {
            "step_id": step_id,
            "operation": call.operation,
            "inputs": encode(call.arguments),
            "output": output,
            "execution_time_ms": elapsed / 1e6,
        }
