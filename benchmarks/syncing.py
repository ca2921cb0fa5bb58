"""`python -m benchmarks.syncing [--batches N] [--folder DIR]`: what it costs that a commit is on disk.

Writers add batches of 1,000 rows in turn to two warehouses, one of which is not durable. Writers at once share commits.
"""

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import pyarrow as pa
from rich.console import Console
from rich.table import Table

from lakehouse.warehouse import Warehouse, open_warehouse

ROWS = 1_000
WRITERS = (1, 8)
Cost = tuple[float, float]  # milliseconds of a batch: elapsed, of the processor


def batch(run: str) -> pa.Table:
    """Return the rows of one run."""
    same = {"data_set_id": ["D"] * ROWS, "step_id": [0] * ROWS, "run_id": [run] * ROWS}
    ids = {name: [f"{name}{at % 7}" for at in range(ROWS)] for name in ("problem_id", "implementation_id")}
    return pa.table({**same, **ids, "test_id": [f"t{at}" for at in range(ROWS)], "output": ["1"] * ROWS})


def write(warehouse: Warehouse, writers: int, batches: int, run: str) -> Cost:
    """Add batches with so many concurrent writers; return the cost of one."""
    tables = [batch(f"{run}-{at}") for at in range(batches)]
    elapsed, used = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(lambda rows: warehouse.ingest("observations", rows), tables))
    return (time.perf_counter() - elapsed) * 1e3 / batches, (time.process_time() - used) * 1e3 / batches


def compare(folder: str, writers: int, batches: int, repeats: int = 5) -> tuple[Cost, Cost]:
    """Return the median costs of a batch without and with syncing."""
    costs: dict[bool, list[Cost]] = {False: [], True: []}
    with open_warehouse(f"{folder}/off", durable=False) as off, open_warehouse(f"{folder}/on") as on:
        for repeat in range(repeats):
            for durable, warehouse in ((False, off), (True, on)):
                costs[durable].append(write(warehouse, writers, batches, f"{writers}-{repeat}"))
    without, synced = (
        (median(each[0] for each in costs[key]), median(each[1] for each in costs[key])) for key in costs
    )
    return without, synced


def main() -> None:
    """Measure both and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.syncing", description="cost of a durable commit")
    parser.add_argument("--batches", type=int, default=16, help="batches of each measurement")
    parser.add_argument("--folder", help="where to create the warehouses: the disk to measure")
    options = parser.parse_args()
    table = Table("writers", "time", "ms without", "ms synced", "ratio")
    for writers in WRITERS:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            for name, without, synced in zip(
                ("elapsed", "processor"), *compare(folder, writers, options.batches), strict=True
            ):
                table.add_row(str(writers), name, f"{without:.1f}", f"{synced:.1f}", f"{synced / without:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
