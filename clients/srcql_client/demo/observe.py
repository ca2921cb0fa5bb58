"""Runs the implementations of a problem and writes down what they did, as rows of the three tables.

A value answers as JSON, an exception as `$EXCEPTION@class@message`, a created object as a handle `$CUT@Problem@step`.
"""

import copy
import inspect
import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa

from ..code_hash import code_hash
from .problem import Call, Problem

Row = dict[str, Any]


def observations(problem: Problem, data_set_id: str, run_id: str) -> pa.Table:
    """What every implementation answered at every step of every test, run now."""
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
    """What the tests expect, step by step, as rows of the specified oracle; none for a test that expects nothing."""
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
            "inputs": json.dumps(call.arguments),
            "output": call.expected or "$*",
            "specified_oracle": True,
        }
        for problem in problems
        for test_id, calls in problem.tests.items()
        if any(call.expected for call in calls)
        for step_id, call in enumerate(calls)
    ]
    return pa.Table.from_pylist(rows)


def code(problem: Problem, data_set_id: str) -> pa.Table:
    """The sources of the implementations."""
    return pa.Table.from_pylist([_source(problem, data_set_id, each) for each in problem.implementations])


def tests(problem: Problem, data_set_id: str) -> pa.Table:
    """The tests, as sequence sheets."""
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
    r"""A test as a sequence sheet: a line for each call, its expected output first.

    >>> sheet((Call("median", ([1, 2],)),))
    '{"cells": {"A1": {}, "B1": "median", "C1": "Problem", "D1": "[1, 2]"}}\n'
    """
    lines = []
    for row, call in enumerate(calls, 1):
        target = "A1" if row > 1 else "Problem"
        arguments = {f"{chr(ord('D') + place)}{row}": json.dumps(each) for place, each in enumerate(call.arguments)}
        cells: Row = {f"A{row}": call.expected or {}, f"B{row}": call.operation, f"C{row}": target} | arguments
        lines.append(json.dumps({"cells": cells}) + "\n")
    return "".join(lines)


def _source(problem: Problem, data_set_id: str, implementation: Callable[..., Any]) -> Row:
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


def _run(implementation: Callable[..., Any], calls: tuple[Call, ...]) -> Iterator[Row]:
    """One test: the steps go on after an exception, as a caller who catches it would."""
    target: Any = implementation
    for step_id, call in enumerate(calls):
        operation: Any = target if step_id == 0 else getattr(target, call.operation, None)
        arguments = copy.deepcopy(call.arguments)
        started = time.perf_counter_ns()
        try:
            answer = operation(*arguments)
            output = json.dumps(answer) if call.operation != "create" else f"$CUT@Problem@{step_id}"
        except Exception as error:
            answer, output = None, f"$EXCEPTION@{type(error).__name__}@{error}"
        elapsed = time.perf_counter_ns() - started
        if call.operation == "create":
            target = answer
        yield {
            "step_id": step_id,
            "operation": call.operation,
            "inputs": json.dumps(call.arguments),
            "output": output,
            "execution_time_ms": elapsed / 1e6,
        }
