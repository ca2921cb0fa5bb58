"""The result of EXPLAIN ANALYZE: what a query cost, as `key` and `value` rows.

The figures come from DuckDB's profile, a tree in which an operator is above its inputs. DuckDB runs the query and
discards its rows.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import pyarrow as pa

from lakehouse.query.results import KEY_VALUE_SCHEMA, Executable, QueryResult, key_value_batch

PROFILED = "EXPLAIN (ANALYZE, FORMAT json) "
SHOWN_DETAILS = ("CTE Name", "Join Type")
# DuckDB counts no rows for these operators, which pass on those of their inputs.
ROWS_OF_INPUTS: dict[str, Callable[[list[int]], int]] = {"CTE": lambda rows: rows[-1], "UNION": sum}
Operator = dict[str, Any]
ErrorContext = Callable[[], AbstractContextManager[None]]


class Profile(QueryResult):
    """One execution that is measured. `error_context` wraps the run: it may change the errors that are raised."""

    def __init__(self, statement: Executable, values: Sequence[Any], error_context: ErrorContext) -> None:
        super().__init__(statement, values)
        self.schema = KEY_VALUE_SCHEMA
        self._values = list(values)
        self._error_context = error_context

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Run the query and yield its figures; raises Cancelled after `interrupt`."""
        started = time.perf_counter()
        with self._error_context(), self._statement.translating_errors(self._cursor, prefix=PROFILED):
            profile = self._interruptible(self._run)
        elapsed = time.perf_counter() - started
        yield key_value_batch([("seconds", _seconds(elapsed)), *_figures(profile)])

    def _run(self) -> dict[str, Any]:
        [(_, profile)] = self._cursor.execute(PROFILED + self._statement.sql, self._values).fetchall()
        found: dict[str, Any] = json.loads(profile)
        return found


def _figures(profile: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the figures of a profile; a query without operators, such as one of constants, has none."""
    if "operator" in profile:
        plan: Operator = profile["operator"][0]["children"][0]["children"][0]  # below those that collect the rows
        query, scans = profile["query"], [scan for _, scan in _operators(plan) if "rows_scanned" in scan]
        yield "cpu_seconds", _seconds(query["cpu_time"])
        yield "rows", str(_rows(plan))
        yield "files", str(sum(int(scan["extra_info"].get("Total Files Read", 0)) for scan in scans))
        yield "row_groups", f"{query['total_row_groups_scanned']} of {query['total_row_groups_to_scan']}"
        yield "rows_scanned", str(query["total_rows_scanned"])
        yield "bytes_read", str(profile["io"]["total_bytes_read"])
        yield "memory_bytes", str(profile["system"]["peak_buffer_memory"])
        yield from (("operator", " " * depth + _line(operator)) for depth, operator in _operators(plan))


def _operators(plan: Operator, depth: int = 0) -> Iterator[tuple[int, Operator]]:
    """Yield every operator before its inputs, with its depth, which grows only where there are several inputs."""
    yield depth, plan
    inputs = plan.get("children", [])
    for operator in inputs:
        same_depth = len(inputs) == 1 or (plan["type"] == "CTE" and operator is inputs[-1])
        yield from _operators(operator, depth if same_depth else depth + 1)


def _rows(operator: Operator) -> int:
    """Return how many rows an operator returns."""
    rows_of = ROWS_OF_INPUTS.get(operator["type"])
    if rows_of:
        return rows_of([_rows(child) for child in operator.get("children", [])])
    return int(operator["intermediate_rows"])


def _line(operator: Operator) -> str:
    details = operator["extra_info"]
    name = " ".join([operator["type"], *(details[key] for key in SHOWN_DETAILS if key in details)])
    return f"{name}: {_seconds(operator['timing'])} s, {_rows(operator)} rows"


def _seconds(seconds: float) -> str:
    return f"{seconds:.6f}"
