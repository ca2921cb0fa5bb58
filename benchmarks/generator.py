"""Generate a workload of the published shape, where the external generator is missing.

Every problem has one behaviour that most implementations share; the others deviate from it in some cells. A file
records the behaviour that each implementation was given, so that clusters can be checked.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

PROBLEMS_PER_CHUNK = 32
EXCEPTIONS = [f"$EXCEPTION@java.lang.{name}@null" for name in ("NullPointerException", "ArithmeticException")]
RESPONSES = ["$CUT@Subject@0", *EXCEPTIONS, "null", "true", "false", *(str(number) for number in range(500))]


@dataclass(frozen=True)
class Shape:
    """Means per problem (implementations, tests) and per test (steps)."""

    implementations: int
    tests: int
    steps: float


PUBLISHED = Shape(implementations=26, tests=187, steps=3.4)


def generate(folder: Path, problems: int, shape: Shape, seed: int = 1) -> None:
    """Write the workload; the same arguments generate the same rows."""
    (folder / "observations").mkdir(parents=True)
    made = [_problem(number, shape, np.random.default_rng([seed, number])) for number in range(problems)]
    for first in range(0, problems, PROBLEMS_PER_CHUNK):
        rows = [tables["observations"] for tables in made[first : first + PROBLEMS_PER_CHUNK]]
        pq.write_table(pa.concat_tables(rows), folder / "observations" / f"{first:05d}.parquet")
    for name in ("code", "tests", "clusters"):
        pq.write_table(pa.concat_tables([tables[name] for tables in made]), folder / f"{name}.parquet")


def _problem(number: int, shape: Shape, random: np.random.Generator) -> dict[str, pa.Table]:
    names = {"data_set_id": ("Generated-A", "Generated-B")[number % 2], "problem_id": f"problem_{number}"}
    implementations = [
        f"implementation-{number}-{i}_original_0" for i in range(2 + random.poisson(shape.implementations))
    ]
    tests = [f"test{t}()" for t in range(1 + random.poisson(shape.tests))]
    steps = 1 + random.poisson(shape.steps - 1, len(tests))
    behaviours = _behaviours(steps, random)
    given = np.minimum(random.geometric(0.5, len(implementations)) - 1, len(behaviours) - 1)
    return {
        "observations": _observations(names, implementations, tests, steps, behaviours[given]),
        "code": _table(names, implementation_id=implementations, source_code=_sources(implementations, 60)),
        "tests": _table(names, test_id=tests, source_code=_sources(tests, 10)),
        "clusters": _table(names, implementation_id=implementations, cluster=given.tolist()),
    }


def _behaviours(steps: Numbers, random: np.random.Generator) -> Numbers:
    """Return behaviours x cells -> number of a response; step 0 creates the object."""
    first = np.cumsum(steps) - steps
    usual = random.integers(1, len(RESPONSES), steps.sum())
    behaviours = np.tile(usual, (1 + random.poisson(3), 1))
    for behaviour in behaviours[1:]:
        deviates = random.random(len(usual)) < random.choice([0.005, 0.1, 0.5])
        behaviour[deviates] = random.integers(1, len(RESPONSES), deviates.sum())
    behaviours[:, first] = 0
    return behaviours


def _observations(
    names: dict[str, str], implementations: list[str], tests: list[str], steps: Numbers, outputs: Numbers
) -> pa.Table:
    cells, rows = steps.sum(), outputs.size
    test_of_cell = np.repeat(np.arange(len(tests)), steps)
    step_of_cell = np.arange(cells) - np.repeat(np.cumsum(steps) - steps, steps)
    inputs = ["[]", *(f"[{number}]" for number in range(1, len(tests) + 1))]
    cell = np.tile(np.arange(cells), len(implementations))
    return pa.table(
        {
            **{name: _texts([value], np.zeros(rows, int)) for name, value in names.items()},
            "implementation_id": _texts(implementations, np.repeat(np.arange(len(implementations)), cells)),
            "test_id": _texts(tests, test_of_cell[cell]),
            "implementation_hash": _texts([""], np.zeros(rows, int)),
            "test_hash": _texts([""], np.zeros(rows, int)),
            "run_id": _texts(["run-1"], np.zeros(rows, int)),
            "environment_id": _texts(["generated"], np.zeros(rows, int)),
            "step_id": pa.array(step_of_cell[cell], pa.int32()),
            "operation": _texts(["create", "call"], (step_of_cell > 0).astype(int)[cell]),
            "inputs": _texts(inputs, np.where(step_of_cell > 0, test_of_cell + 1, 0)[cell]),
            "output": _texts(RESPONSES, outputs.ravel()),
            "execution_time_ms": pa.array(np.ones(rows)),
            "created_at": pa.array([datetime(2026, 1, 1)], pa.timestamp("us")).take(pa.array(np.zeros(rows, int))),
            "specified_oracle": pa.array(np.zeros(rows, bool)),
        }
    )


def _table(names: dict[str, str], **columns: list[str] | list[int]) -> pa.Table:
    rows = len(next(iter(columns.values())))
    return pa.table({name: [value] * rows for name, value in names.items()} | columns)


def _texts(values: list[str], indices: Numbers) -> pa.StringArray:
    return pa.array(values).take(pa.array(indices))


def _sources(names: list[str], lines: int) -> list[str]:
    return ["\n".join(f"// {name}, line {line}" for line in range(lines)) for name in names]
