"""Small tables of observations."""

from datetime import datetime
from typing import Any

import pyarrow as pa


def observations(data_set: str = "d", implementations: tuple[str, ...] = ("i1", "i2"), tests: int = 2) -> pa.Table:
    """One step of each test for each implementation; every output is the test's number."""
    rows: list[dict[str, Any]] = [
        {
            "data_set_id": data_set,
            "problem_id": "p",
            "implementation_id": implementation,
            "test_id": f"t{test}",
            "run_id": "r",
            "step_id": 0,
            "output": str(test),
            "created_at": datetime(2026, 1, 1),
        }
        for implementation in implementations
        for test in range(tests)
    ]
    return pa.Table.from_pylist(rows)
