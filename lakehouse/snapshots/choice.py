"""How much the RUNS clause has to choose from, decided by the summaries of the files alone."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from lakehouse.summary import ProblemSummary
from srcql.resolver import Choice

Owners = dict[tuple[str, ...], dict[Hashable, frozenset[int]]]


@dataclass(frozen=True)
class ProblemPart:
    """What one data file holds of one problem, and the batch that the file was written for."""

    data_set_id: str
    problem_id: str
    batch: str
    summary: ProblemSummary


def choice_of(parts: Iterable[ProblemPart]) -> Choice:
    """Return what RUNS has to choose from, over all cells of these problems."""
    writers: Owners = {}
    runs: Owners = {}
    choice = Choice.NOTHING
    for part in parts:
        for run_id, run in part.summary.runs.items():
            key = (part.data_set_id, part.problem_id)
            writer = (part.batch, run.context)
            if not part.summary.single or _share(writers, (*key, run_id), writer, run.implementations):
                return Choice.ROWS
            if _share(runs, key, run_id, run.implementations):
                choice = Choice.RUNS
    return choice


def _share(owners: Owners, key: tuple[str, ...], owner: Hashable, implementations: frozenset[int]) -> bool:
    """Add implementations to an owner of a key; return whether another owner of the key has any of them."""
    sets = owners.setdefault(key, {})
    shared = any(not others.isdisjoint(implementations) for other, others in sets.items() if other != owner)
    sets[owner] = sets.get(owner, frozenset()) | implementations
    return shared
