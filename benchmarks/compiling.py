"""Measure what a statement takes before DuckDB: the first time, and again when nothing was committed since."""

from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import quantiles

from benchmarks.measure import timed
from srcql.compiler import compile

FIXTURES = Path(__file__).parents[1] / "tests" / "srcql" / "fixtures"
VALID = (
    *("check", "cluster", "diff", "discriminate", "flaky", "matrix", "minimize", "oracle", "positions", "rank"),
    *("similarity", "slice", "using"),
)
REPEATS = 20


def compile_times(prepare: Callable[[str], object], asked: Iterable[str]) -> dict[str, dict[str, float]]:
    """Return median and 99th percentile in milliseconds: to compile every valid fixture, to prepare `asked` again."""
    first = [timed(lambda text=text: compile(text)) for _ in range(REPEATS) for text in statements()]
    texts = list(asked)
    for text in texts:
        prepare(text)
    again = [timed(lambda text=text: prepare(text)) for _ in range(10 * REPEATS) for text in texts]
    return {"compile": _summary(first), "prepare again": _summary(again)}


def statements() -> list[str]:
    """Return the first statement of each block of the spec files."""
    blocks = [block for name in VALID for block in (FIXTURES / f"{name}.sql").read_text().strip().split("\n\n")]
    return [block.split("\n", 1)[1].split(";\n")[0] for block in blocks if block.startswith("-- ")]


def _summary(times: list[float]) -> dict[str, float]:
    hundredths = quantiles(times, n=100)
    return {"count": len(times), "median": hundredths[49], "p99": hundredths[98]}
