"""The cube that a verb reads: which observations, and how cells are made of them.

>>> wanted = Selection(targets=(Target(Name("MBPP", (13, 17)), None),), data_sets=None, problems=frozenset({"sum"}))
>>> wanted.holds("MBPP", "sum"), wanted.holds("MBPP", "max"), wanted.holds("HumanEval", "sum")
(True, False, False)
"""

from dataclasses import dataclass

from srcql.equality import CANONICAL, Equality
from srcql.reader import Name, Piece

KEY = ("data_set_id", "problem_id")


@dataclass(frozen=True)
class Target:
    """A data set after FROM, or one problem of it."""

    data_set: Name
    problem: Name | None

    def holds(self, data_set_id: str, problem_id: str) -> bool:
        """Whether it names that problem."""
        return self.data_set.text == data_set_id and (self.problem is None or self.problem.text == problem_id)


@dataclass(frozen=True)
class Selection:
    """Which problems a cube reads; None stands for no condition. What files are pruned by."""

    targets: tuple[Target, ...] | None
    data_sets: frozenset[str] | None
    problems: frozenset[str] | None

    def holds(self, data_set_id: str, problem_id: str) -> bool:
        """Whether rows of that problem may be read."""
        return (
            (self.data_sets is None or data_set_id in self.data_sets)
            and (self.problems is None or problem_id in self.problems)
            and (self.targets is None or any(target.holds(data_set_id, problem_id) for target in self.targets))
        )


@dataclass(frozen=True)
class Cube:
    """The shared clauses of one verb, read and checked."""

    selection: Selection
    query: Piece | None = None
    where: Piece | None = None
    by: tuple[str, ...] = ()
    using: Equality = CANONICAL
    each: bool = False
    steps: str | tuple[int, ...] = "ALL"

    @property
    def analysis(self) -> tuple[str, ...]:
        """The columns of one analysis: every combination of their values stands on its own."""
        return (*KEY, *self.by)
