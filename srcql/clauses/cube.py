"""The cube that a verb reads: which observations, and how they form cells.

>>> wanted = Selection(targets=(Target(Name("MBPP", (13, 17)), None),), data_sets=None, problems=frozenset({"sum"}))
>>> wanted.problems_of("MBPP"), wanted.problems_of("HumanEval")
(frozenset({'sum'}), frozenset())
"""

from dataclasses import dataclass

from srcql.clauses.at import At
from srcql.clauses.equality import CANONICAL, Equality
from srcql.clauses.reader import Name, Piece

KEY = ("data_set_id", "problem_id")


@dataclass(frozen=True)
class Target:
    """A data set after FROM, or one problem of it."""

    data_set: Name
    problem: Name | None


@dataclass(frozen=True)
class Selection:
    """The problems and the snapshot that a cube reads; None is no condition. The store selects files by it."""

    targets: tuple[Target, ...] | None
    data_sets: frozenset[str] | None
    problems: frozenset[str] | None
    at: At | None = None

    def problems_of(self, data_set_id: str) -> frozenset[str] | None:
        """Return the selected problems of a data set; None for all of them."""
        if self.data_sets is not None and data_set_id not in self.data_sets:
            return frozenset()
        if self.targets is None:
            return self.problems
        named = [target.problem for target in self.targets if target.data_set.text == data_set_id]
        if None in named:
            return self.problems
        texts = frozenset(problem.text for problem in named if problem)
        return texts if self.problems is None else texts & self.problems


@dataclass(frozen=True)
class Cube:
    """The rows that a verb reads, and what its shared clauses say about them."""

    selection: Selection
    query: Piece | None = None
    where: Piece | None = None
    by: tuple[str, ...] = ()
    using: Equality = CANONICAL
    runs: str = "LATEST"
    steps: str | tuple[int, ...] = "ALL"
    missing: str = "DISTINCT"
    within: tuple[str, ...] = ()  # columns that distinguish cells, besides implementation and test

    @property
    def each(self) -> bool:
        """Whether every run is an entry of its own."""
        return self.runs == "EACH"

    @property
    def analysis(self) -> tuple[str, ...]:
        """The columns of an analysis: each combination of their values is analysed on its own."""
        return (*KEY, *self.by)
