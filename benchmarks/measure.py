"""Time several sides in turns, so that a machine whose speed drifts affects all of them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import mean, median


@dataclass
class Times:
    """Milliseconds of one side, one value per problem."""

    values: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, float]:
        """Return mean, median and max."""
        return {"mean": mean(self.values), "median": median(self.values), "max": max(self.values)}


def timed(action: Callable[[], object]) -> float:
    """Return the milliseconds that the action takes; it must return its complete result."""
    start = time.perf_counter_ns()
    action()
    return (time.perf_counter_ns() - start) / 1e6


def in_turns(sides: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median time of every side, in turns A B C, B C A, C A B …; each must have run once before."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    names = list(sides)
    for turn in range(repeats):
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            taken[name].append(timed(sides[name]))
    return {name: median(values) for name, values in taken.items()}
