"""Missing hashes come from the code and test tables."""

from typing import Any

import pyarrow as pa

from lakehouse.warehouse import Warehouse
from tests.lakehouse.conftest import observations


def sources(key: str, *rows: tuple[Any, ...], data_set: str = "D") -> pa.Table:
    """Rows (problem, id, hash, second at which it was made)."""
    problems, ids, hashes, times = zip(*rows, strict=True)
    return pa.table(
        {
            "data_set_id": [data_set] * len(rows),
            "problem_id": problems,
            key: ids,
            "code_hash": hashes,
            "created_at": pa.array(times, pa.timestamp("s")),
        }
    )


def hashes(warehouse: Warehouse, name: str) -> dict[str, str]:
    rows = warehouse.table("observations").scan().to_arrow()
    key = "implementation_id" if name == "implementation_hash" else "test_id"
    return dict(zip(rows[key].to_pylist(), rows[name].to_pylist(), strict=True))


def test_takes_the_latest_hash(warehouse: Warehouse) -> None:
    warehouse.ingest("code_implementations", sources("implementation_id", ("p", "i", "new", 9), ("p", "i", "old", 1)))
    warehouse.ingest("code_implementations", sources("implementation_id", ("p", "i", "older", 0), ("q", "j", "q", 1)))
    warehouse.ingest("code_implementations", sources("implementation_id", ("p", "j", "E", 1), data_set="E"))
    warehouse.ingest("code_implementations", sources("implementation_id", ("p", "k", None, 1)))
    rows = observations(*[("p", name, "t", 0, "1") for name in ("k", "j", "i", "given")])
    rows = rows.append_column("implementation_hash", pa.array([None, None, None, "mine"]))
    warehouse.ingest("observations", rows)
    assert hashes(warehouse, "implementation_hash") == {"i": "new", "j": "", "k": "", "given": "mine"}


def test_takes_the_greater_hash_at_equal_times(warehouse: Warehouse) -> None:
    for made in ("b", "c", "a"):
        warehouse.ingest("tests", sources("test_id", ("p", "t", made, 1)))
    warehouse.ingest("tests", sources("test_id", ("p", "u", "u", 1)))
    warehouse.ingest(
        "observations", observations(("p", "i", "t", 0, "1"), ("p", "i", "u", 0, "1"), ("p", "i", "v", 0, "1"))
    )
    assert hashes(warehouse, "test_hash") == {"t": "c", "u": "u", "v": ""}


def test_sees_what_another_process_added(warehouse: Warehouse) -> None:
    warehouse.ingest("observations", observations(("p", "i", "t", 0, "1")))
    warehouse.ingest("tests", sources("test_id", ("p", "t", "later", 1)))
    warehouse.ingest("observations", observations(("p", "i", "t", 0, "1"), run_id="s"))
    rows = warehouse.table("observations").scan().to_arrow().sort_by("run_id")
    assert rows["test_hash"].to_pylist() == ["", "later"]
