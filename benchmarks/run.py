"""One run: fill three lakehouses with the same rows, compare their answers, and time them in turns."""

import os
import platform
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.answers import Clusters, check_clusters, check_rows, truth
from benchmarks.commits import commit_times
from benchmarks.compiling import compile_times
from benchmarks.measure import Times, in_turns, timed
from benchmarks.ours import Embedded, Wire
from benchmarks.prior_art import PriorArt
from benchmarks.questions import OF_ALL_PROBLEMS, OF_ONE_PROBLEM, VERBS, VERBS_READ, Question, floor
from benchmarks.workload import Workload
from srcql.schema import TABLES

REPEATS = 3
Problem = tuple[str, str]


class Run:
    """The sides of one run."""

    def __init__(self, data: Workload, folder: Path, log: Callable[[str], None]) -> None:
        self.data, self.folder, self.log = data, folder, log
        self.threads = os.cpu_count() or 1
        self.ours = Embedded(folder / "ours", self.threads)
        self.prior = PriorArt(folder / "prior", self.threads)
        self.wire = Wire(folder / "wire", self.threads)
        self.sides = {"ours": self.ours, "wire": self.wire, "prior": self.prior}

    def measure(self, problems: int, marks: Sequence[int], prior_marks: Sequence[int]) -> dict[str, Any]:
        """Return all figures, as written to JSON; raise WrongAnswer if two sides disagree."""
        load = os.getloadavg()
        self.log("ingest")
        rows, ingest = self.ingest()
        self.log("clusters of all problems against the truth")
        expected = truth(self.data, self.prior)
        self.log(f"questions of {problems} problems")
        one = self.ask_one(_spread(self.data.problems(), problems), expected)
        self.log("questions of all problems")
        every = self.ask_all(expected)
        self.log("verbs that the prior art does not have")
        verbs = self.ask_verbs(_spread(self.data.problems(), problems))
        self.log("compiling")
        texts = [question.text(problem) for question in OF_ONE_PROBLEM for problem in _spread(self.data.problems(), 5)]
        compiled = compile_times(self.ours.prepare, texts)
        self.log("commits")
        commits = commit_times(self.data, self.folder / "commits", self.threads, marks, prior_marks)
        return {
            "machine": _machine(self.threads, load),
            "data": self.describe(rows, problems, len(expected)),
            "ingest": {side: median(rates) for side, rates in ingest.items()},
            "bytes": {side: stored(self.folder / side) for side in ("ours", "prior")},
            "problem": one,
            "all": every,
            "verbs": verbs,
            "compile": compiled,
            "commit": commits,
        }

    def ingest(self) -> tuple[int, dict[str, list[float]]]:
        """Return the number of rows, and the rows per second of every side, chunk by chunk."""
        for table, file in (("code_implementations", "code"), ("tests", "tests")):
            for side in self.sides.values():
                side.ingest(table, self.prior.conform(table, self.data.table(file)))
        rows, taken = 0, {name: list[float]() for name in self.sides}
        for number, given in enumerate(self.data.chunks()):
            chunk = self.prior.conform("observations", given)
            rows += len(chunk)
            for name in _turned(list(self.sides), number):
                spent = timed(partial(self.sides[name].ingest, "observations", chunk))
                taken[name].append(len(chunk) / (spent / 1e3))
        return rows, taken

    def ask_one(self, problems: list[Problem], expected: Clusters) -> dict[str, dict[str, dict[str, float]]]:
        """Return question -> side -> mean, median and max over the problems."""
        taken = {question.name: self._times() for question in OF_ONE_PROBLEM}
        for problem in problems:
            here = frozenset(cluster for cluster in expected if cluster[:2] == problem)
            for question in OF_ONE_PROBLEM:
                for side, value in self._ask(question, problem, here).items():
                    taken[question.name][side].values.append(value)
        return {name: {side: times.summary() for side, times in sides.items()} for name, sides in taken.items()}

    def ask_all(self, expected: Clusters) -> dict[str, dict[str, float]]:
        """Return question -> side -> milliseconds of a question over all problems."""
        return {question.name: self._ask(question, None, expected) for question in OF_ALL_PROBLEMS}

    def ask_verbs(self, problems: list[Problem]) -> dict[str, dict[str, dict[str, float]]]:
        """Return verb -> milliseconds of ours and the floor: the median of the problems, and of all if it takes all."""
        ends = {problem: self._ends(problem) for problem in problems}
        found: dict[str, dict[str, dict[str, float]]] = {}
        for verb, text in VERBS.items():
            one: dict[str, list[float]] = {"ours": [], "floor": []}
            for problem, (first, last) in ends.items():
                asked = text.format(source='"{}"."{}"'.format(*problem), first=first, last=last)
                for side, value in self._beside_floor(asked, problem).items():
                    one[side].append(value)
            found[verb] = {"one": {side: median(values) for side, values in one.items()}}
            if "{first}" not in text:
                found[verb]["all"] = self._beside_floor(text.format(source="*"), None)
        return found

    def _beside_floor(self, text: str, problem: Problem | None) -> dict[str, float]:
        least = floor(VERBS_READ, self._files(self.ours, problem), problem)
        asked = {"ours": partial(self.ours.query, text), "floor": partial(self.prior.query, least)}
        for ask in asked.values():
            ask()
        return in_turns(asked, REPEATS)

    def _ends(self, problem: Problem) -> tuple[str, str]:
        """Return the first and the last implementation of a problem."""
        rows = self.data.table("clusters").to_pylist()
        names = sorted(row["implementation_id"] for row in rows if (row["data_set_id"], row["problem_id"]) == problem)
        return names[0], names[-1]

    def _times(self) -> dict[str, Times]:
        return {side: Times() for side in (*self.sides, "floor", "prior floor")}

    def _ask(self, question: Question, problem: Problem | None, expected: Clusters) -> dict[str, float]:
        text, sql = question.text(problem), self.prior.sql(question.prior, problem)
        asked = {
            "ours": partial(self.ours.query, text),
            "wire": partial(self.wire.query, text),
            "prior": partial(self.prior.query, sql),
            "floor": partial(self.prior.query, floor(question.reads, self._files(self.ours, problem), problem)),
            "prior floor": partial(
                self.prior.query, floor(question.prior_reads, self._files(self.prior, problem), problem)
            ),
        }
        answers = {side: ask() for side, ask in asked.items()}
        for side in self.sides:
            if question.clusters:
                check_clusters(f"{side}: {text}", answers[side], expected)
            else:
                check_rows(f"{side}: {text}", answers[side], answers["prior"])
        return in_turns(asked, REPEATS)

    @staticmethod
    def _files(side: Embedded | PriorArt, problem: Problem | None) -> dict[str, list[str]]:
        return {table: side.files(table, problem) for table in TABLES}

    def describe(self, rows: int, asked: int, clusters: int) -> dict[str, Any]:
        """Return the facts of the workload."""
        return {
            "source": self.data.source,
            "rows": rows,
            "problems": len(self.data.problems()),
            "implementations": len(self.data.table("clusters")),
            "clusters": clusters,
            "problems asked": min(asked, len(self.data.problems())),
        }

    def close(self) -> None:
        """Stop the server and close the other sides."""
        for side in self.sides.values():
            side.close()


def _spread(problems: list[Problem], wanted: int) -> list[Problem]:
    """Return that many problems, spread evenly over all."""
    step = max(1, len(problems) // wanted)
    return problems[::step][:wanted]


def _turned(names: list[str], turn: int) -> list[str]:
    start = turn % len(names)
    return names[start:] + names[:start]


def stored(folder: Path) -> dict[str, int]:
    """Return the bytes of the data files of every table, and of all other files (metadata, catalog)."""
    data = {name: sum(file.stat().st_size for file in (folder / "data" / name).rglob("*.parquet")) for name in TABLES}
    every = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return data | {"metadata": every - sum(data.values())}


def _machine(threads: int, before: tuple[float, float, float]) -> dict[str, Any]:
    packages = ("duckdb", "pyarrow", "pyiceberg", "adbc-driver-flightsql")
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
        "threads": threads,
        "load before": round(before[0], 1),
        "load after": round(os.getloadavg()[0], 1),
    }
