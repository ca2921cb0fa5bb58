"""A lakehouse in a temporary folder, and rows for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lakehouse.engine import Engine
from lakehouse.warehouse import Warehouse, open_warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with open_warehouse(tmp_path / "warehouse") as opened:
        yield opened


@pytest.fixture
def engine(warehouse: Warehouse) -> Iterator[Engine]:
    with Engine(warehouse) as running:
        yield running


def observations(*rows: tuple[Any, ...], **columns: Any) -> pa.Table:
    """Rows (problem, implementation, test, step, output) of data set D and run r, with other columns by name."""
    names = ("problem_id", "implementation_id", "test_id", "step_id", "output")
    given = dict(zip(names, zip(*rows, strict=True), strict=True))
    fixed = {"data_set_id": "D", "run_id": "r"} | columns
    return pa.table({**given, **{name: pa.array([value] * len(rows)) for name, value in fixed.items()}})
