"""A small lakehouse behind a real server, filled over the wire."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

PROBLEMS = ("gcd", "queue")
TESTS = ("t1", "t2")
BATCH = "page of clients"  # docs/clients.md ingests the same rows under this id, as a repeat


def observations(data_set: str = "D") -> pa.Table:
    """Three implementations of each problem under two tests; the last is wrong in the second test."""
    rows = [
        {
            "data_set_id": data_set,
            "problem_id": problem,
            "implementation_id": implementation,
            "test_id": test,
            "run_id": "r1",
            "step_id": 0,
            "output": "0" if (implementation, test) == ("c", "t2") else "1",
        }
        for problem in PROBLEMS
        for implementation in "abc"
        for test in TESTS
    ]
    return pa.Table.from_pylist(rows)


def sources() -> pa.Table:
    rows = [{"data_set_id": "D", "problem_id": problem, "test_id": test} for problem in PROBLEMS for test in TESTS]
    return pa.Table.from_pylist([row | {"source_code": "answer()"} for row in rows])


@contextmanager
def lakehouse(folder: Path, **settings: Any) -> Iterator[str]:
    """Yield the address of the server."""
    from tests.serving import served  # not at import: the store does not work with SQLAlchemy 1.4

    with served(folder / "warehouse", threads=1, **settings) as connection:
        connection.ingest("tests", sources())
        connection.ingest("observations", observations(), batch_id=BATCH)
        yield connection.location
