"""What a commit of 1,000 rows costs after how many commits before it."""

from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa

from benchmarks.measure import timed
from benchmarks.ours import Embedded
from benchmarks.prior_art import PriorArt
from benchmarks.workload import Workload

ROWS = 1_000
AROUND = 5
MARKS = (50, 100, 300)
PRIOR_MARKS = (50, 100)


def commit_times(data: Workload, folder: Path, threads: int, marks: Any = MARKS, prior_marks: Any = PRIOR_MARKS) -> Any:
    """side -> commit number -> median milliseconds of the commits around it, both sides taken in turns."""
    ours, prior = Embedded(folder / "ours", threads), PriorArt(folder / "prior", threads)
    taken: dict[str, list[float]] = {"ours": [], "prior": []}
    rows = next(data.chunks())
    for number in range(max(marks) + AROUND):
        batch = _batch(rows, number)
        taken["ours"].append(timed(lambda batch=batch: ours.ingest("observations", batch)))
        if number < max(prior_marks) + AROUND:
            batch = prior.conform("observations", batch)
            taken["prior"].append(timed(lambda batch=batch: prior.ingest("observations", batch)))
    ours.close()
    prior.close()
    return {
        side: {mark: median(taken[side][max(0, mark - AROUND) : mark + AROUND]) for mark in reached}
        for side, reached in (("ours", marks), ("prior", prior_marks))
    }


def _batch(rows: Any, number: int) -> Any:
    """The next rows of the workload, as one run of their own."""
    start = number * ROWS % max(1, len(rows) - ROWS)
    batch = rows.slice(start, ROWS)
    runs = pa.array([f"run-{number}"] * len(batch))
    return batch.set_column(batch.column_names.index("run_id"), "run_id", runs)
