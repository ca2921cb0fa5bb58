"""What EXPLAIN ANALYZE answers: what a query cost the engine, which runs it and drops its rows.

Figures are those of DuckDB's own profile, in which an operator stands above those that feed it.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from lakehouse.query.results import KEYS_AND_VALUES, Result, keys_and_values

if TYPE_CHECKING:
    from lakehouse.engine import Statement

PROFILED = "EXPLAIN (ANALYZE, FORMAT json) "
TOLD_APART_BY = ("CTE Name", "Join Type")
PASSED_ON: dict[str, Callable[[list[int]], int]] = {"CTE": lambda rows: rows[-1], "UNION": sum}  # not counted again
Operator = dict[str, Any]
Said = Iterator[tuple[str, str]]
InPlace = Callable[[], AbstractContextManager[None]]


class Profile(Result):
    """One execution that is measured: `key` and `value` rows in the place of its own."""

    def __init__(self, statement: "Statement", parameters: Sequence[Any], in_place: InPlace) -> None:
        super().__init__(statement, parameters)
        self.schema = KEYS_AND_VALUES
        self._parameters = list(parameters)
        self._in_place = in_place

    def batches(self) -> Iterator[Any]:
        """Run the query and yield what it cost; ends with Cancelled after `interrupt`."""
        begun = time.perf_counter()
        with self._in_place(), self._statement.explained(self._cursor, ahead=len(PROFILED)):
            ((_, profile),) = self._step(self._run)
        spent = time.perf_counter() - begun
        yield keys_and_values([("seconds", _seconds(spent)), *_told(json.loads(profile))])

    def _run(self) -> list[tuple[str, str]]:
        rows: list[tuple[str, str]] = self._cursor.execute(PROFILED + self._statement.sql, self._parameters).fetchall()
        return rows


def _told(profile: dict[str, Any]) -> Said:
    """What DuckDB's profile says; it has none of a query that needs no operator, as of constants."""
    if "operator" in profile:
        plan: Operator = profile["operator"][0]["children"][0]["children"][0]  # below those that collect its rows
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
    """Every operator, above those that feed it; these stand deeper where there are several."""
    yield depth, plan
    below = plan.get("children", [])
    for operator in below:
        goes_on = len(below) == 1 or (plan["type"] == "CTE" and operator is below[-1])
        yield from _operators(operator, depth if goes_on else depth + 1)


def _rows(operator: Operator) -> int:
    """How many rows an operator gives."""
    below = [_rows(each) for each in operator.get("children", [])]
    passed_on = PASSED_ON.get(operator["type"])
    return passed_on(below) if passed_on else int(operator["intermediate_rows"])


def _line(operator: Operator) -> str:
    said = operator["extra_info"]
    named = [operator["type"], *(said[name] for name in TOLD_APART_BY if name in said)]
    return f"{' '.join(named)}: {_seconds(operator['timing'])} s, {_rows(operator)} rows"


def _seconds(seconds: float) -> str:
    return f"{seconds:.6f}"
