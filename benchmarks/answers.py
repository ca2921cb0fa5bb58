"""A time of a wrong answer is worth nothing: every answer that is timed is compared first."""

from typing import Any

import pyarrow as pa

from benchmarks.prior_art import PriorArt
from benchmarks.workload import Workload

Clusters = frozenset[tuple[str, str, tuple[str, ...]]]


class WrongAnswer(Exception):
    """Two ways to answer one question that gave different answers."""


def clusters(answer: Any) -> Clusters:
    """(data set, problem, sorted members) of every cluster of an answer (pa.Table)."""
    columns = ("data_set_id", "problem_id", "implementations")
    data_sets, problems, members = (answer[name].to_pylist() for name in columns)
    return frozenset(zip(data_sets, problems, map(tuple, map(sorted, members)), strict=True))


def check_clusters(what: str, found: Any, expected: Clusters) -> None:
    """Raise WrongAnswer unless the answer (pa.Table) has exactly these clusters."""
    wrong = clusters(found) ^ expected
    if wrong:
        raise WrongAnswer(f"{what}: {len(wrong)} clusters differ, among them {min(wrong)}")


def check_rows(what: str, found: Any, expected: Any) -> None:
    """Raise WrongAnswer unless both tables have the same rows, in any order, in the columns of `expected`."""
    if _sorted(found, expected.column_names) != _sorted(expected, expected.column_names):
        raise WrongAnswer(f"{what}: {len(found)} rows differ from the {len(expected)} of the prior art's manner")


def _sorted(table: Any, names: list[str]) -> Any:
    plain = pa.table({name: table[name].cast(pa.string()) for name in names})
    return plain.sort_by([(name, "ascending") for name in ("test_id", "step_id", "implementation_id")]).combine_chunks()


def truth(data: Workload, prior: PriorArt) -> Clusters:
    """The clusters that the data was generated from; those that came to behave alike by chance are one.

    Whether they do is read off one member of each, by ordered lists keyed by test and step.
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


def _keyed(found: Any) -> tuple[Any, Any]:
    columns = (found[name].to_pylist() for name in ("data_set_id", "problem_id", "implementation_id"))
    return zip(*columns, strict=True), found["behaviour"].to_pylist()
