"""`python -m benchmarks [--problems N]`: measure, print the tables, and write the figures to `.bench/`."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from benchmarks.answers import WrongAnswer
from benchmarks.commits import MARKS, PRIOR_MARKS
from benchmarks.report import show
from benchmarks.run import Run
from benchmarks.workload import CHECKOUT, workload

CACHE = CHECKOUT / ".bench"
ASKED = 50


def main() -> int:
    """Run the benchmark; return 1 if two sides returned different answers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="compare with the prior art in one run")
    parser.add_argument("--problems", type=int, default=509, help="number of problems (509)")
    problems = parser.parse_args().problems
    progress = Console(stderr=True)
    CACHE.mkdir(exist_ok=True)
    data = workload(CACHE, problems)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="run-") as folder:
        run = Run(data, Path(folder), lambda text: progress.print(f"… {text}", highlight=False))
        try:
            found = run.measure(ASKED, MARKS, PRIOR_MARKS)
        except WrongAnswer as error:
            progress.print(str(error), highlight=False, markup=False)
            return 1
        finally:
            run.close()
    (CACHE / f"{data.folder.name}.json").write_text(json.dumps(found, indent=2))
    show(found, Console(width=160))
    return 0


if __name__ == "__main__":
    sys.exit(main())
