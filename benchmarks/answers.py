"""Compare every answer before it is timed: the time of a wrong answer means nothing."""

from collections.abc import Iterable

import pyarrow as pa

from benchmarks.prior_art import PriorArt
from benchmarks.workload import Workload

Clusters = frozenset[tuple[str, str, tuple[str, ...]]]


class WrongAnswer(Exception):
    """Two sides returned different answers to one question."""


def clusters(answer: pa.Table) -> Clusters:
    """Return (data set, problem, sorted members) of every cluster."""
    columns = ("data_set_id", "problem_id", "implementations")
    data_sets, problems, members = (answer[name].to_pylist() for name in columns)
    return frozenset(zip(data_sets, problems, map(tuple, map(sorted, members)), strict=True))


def check_clusters(what: str, found: pa.Table, expected: Clusters) -> None:
    """Raise WrongAnswer unless the answer has exactly these clusters."""
    wrong = clusters(found) ^ expected
    if wrong:
        raise WrongAnswer(f"{what}: {len(wrong)} clusters differ, among them {min(wrong)}")


def check_rows(what: str, found: pa.Table, expected: pa.Table) -> None:
    """Raise WrongAnswer unless both have the same rows, in any order, in the columns of `expected`."""
    if _sorted(found, expected.column_names) != _sorted(expected, expected.column_names):
        raise WrongAnswer(f"{what}: {len(found)} rows differ from the {len(expected)} of the prior art's method")


def _sorted(table: pa.Table, names: list[str]) -> pa.Table:
    plain = pa.table({name: table[name].cast(pa.string()) for name in names})
    return plain.sort_by([(name, "ascending") for name in ("test_id", "step_id", "implementation_id")]).combine_chunks()


def truth(data: Workload, prior: PriorArt) -> Clusters:
    """Return the clusters that the data was generated from; those that are equal by chance are merged.

    Two are equal if one member of each has the same ordered list of (test, step, output).
    """
    names = ("data_set_id", "problem_id", "implementation_id", "cluster")
    rows = list(zip(*(data.table("clusters")[name].to_pylist() for name in names), strict=True))
    least = {(*problem, cluster): member for *problem, member, cluster in sorted(rows, reverse=True)}
    chosen = pa.table(dict(zip(names, zip(*((a, b, least[a, b, c]) for a, b, c in least), strict=True), strict=False)))
    found = prior.behaviours(chosen)
    behaviour = dict(zip(*_keyed(found), strict=True))
    merged: dict[tuple[str, str, str], list[str]] = {}
    for data_set, problem, member, cluster in rows:
        like = behaviour[data_set, problem, least[data_set, problem, cluster]]
        merged.setdefault((data_set, problem, like), []).append(member)
    return frozenset((data_set, problem, tuple(sorted(members))) for (data_set, problem, _), members in merged.items())


def _keyed(found: pa.Table) -> tuple[Iterable[tuple[str, str, str]], list[str]]:
    columns = (found[name].to_pylist() for name in ("data_set_id", "problem_id", "implementation_id"))
    return zip(*columns, strict=True), found["behaviour"].to_pylist()
