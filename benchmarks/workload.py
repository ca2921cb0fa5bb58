"""The workload: observations, code, tests, and the behaviours that they were generated from."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.generator import PUBLISHED, generate

CHECKOUT = Path(__file__).parents[1]
EXTERNAL_GENERATOR = CHECKOUT.parent / "shared" / "tools" / "corpus.py"


@dataclass(frozen=True)
class Workload:
    """Parquet files: observations/*, code, tests, and clusters (implementation -> behaviour it was generated from)."""

    source: str
    folder: Path

    def chunks(self) -> Iterator[pa.Table]:
        """Yield the observations of each ingest call, in shuffled order."""
        for number, path in enumerate(sorted((self.folder / "observations").glob("*.parquet"))):
            rows = pq.read_table(path)
            yield rows.take(pa.array(np.random.default_rng(number).permutation(len(rows))))

    def table(self, name: str) -> pa.Table:
        """Return one of code, tests and clusters."""
        return pq.read_table(self.folder / f"{name}.parquet")

    def problems(self) -> list[tuple[str, str]]:
        """Return (data set, problem) of every problem, sorted."""
        clusters = self.table("clusters")
        return sorted(set(zip(clusters["data_set_id"].to_pylist(), clusters["problem_id"].to_pylist(), strict=True)))


def workload(cache: Path, problems: int) -> Workload:
    """Return the workload of that many problems, generated once: by the external generator if it exists."""
    external = EXTERNAL_GENERATOR.exists()
    source = "corpus.py" if external else "benchmarks.generator"
    folder = cache / f"{source.replace('.', '-')}-{problems}"
    if not folder.exists():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        if external:
            command = [sys.executable, str(EXTERNAL_GENERATOR), str(unfinished), "--problems", str(problems)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        else:
            generate(unfinished, problems, PUBLISHED)
        unfinished.rename(folder)
    return Workload(source, folder)
