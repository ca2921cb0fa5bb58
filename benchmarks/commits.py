"""Measure a commit of 1,000 rows, after 50, 100 and 300 commits."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import pyarrow as pa

from benchmarks.measure import timed
from benchmarks.ours import Embedded
from benchmarks.prior_art import PriorArt
from benchmarks.workload import Workload

ROWS = 1_000
AROUND = 5
MARKS = (50, 100, 300)
PRIOR_MARKS = (50, 100)


def commit_times(
    data: Workload, folder: Path, threads: int, marks: Sequence[int] = MARKS, prior_marks: Sequence[int] = PRIOR_MARKS
) -> dict[str, dict[int, float]]:
    """Return side -> commit number -> median milliseconds of the commits around it; the sides take turns."""
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


def _batch(rows: pa.Table, number: int) -> pa.Table:
    """Return the next rows of the workload, as a separate run."""
    start = number * ROWS % max(1, len(rows) - ROWS)
    batch = rows.slice(start, ROWS)
    runs = pa.array([f"run-{number}"] * len(batch))
    return batch.set_column(batch.column_names.index("run_id"), "run_id", runs)
