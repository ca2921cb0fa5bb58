"""Problem: the median of a list of numbers. Some implementations are wrong on purpose."""

import heapq
import random
import statistics

from ..problem import Call, Problem

Numbers = list[float]


def sort_and_take_middle(numbers: Numbers) -> float:
    """Correct."""
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def standard_library(numbers: Numbers) -> float:
    """Correct."""
    return statistics.median(numbers)


def half_a_heap(numbers: Numbers) -> float:
    """Correct."""
    lower = heapq.nsmallest(len(numbers) // 2 + 1, numbers)
    return lower[-1] if len(numbers) % 2 else (lower[-1] + lower[-2]) / 2


def upper_middle(numbers: Numbers) -> float:
    """Wrong for an even number of elements."""
    return sorted(numbers)[len(numbers) // 2]


def forgot_to_sort(numbers: Numbers) -> float:
    """Wrong for unsorted lists."""
    middle = len(numbers) // 2
    return numbers[middle] if len(numbers) % 2 else (numbers[middle - 1] + numbers[middle]) / 2


def whole_numbers(numbers: Numbers) -> float:
    """Wrong if the median is not an integer."""
    return int(statistics.median(numbers))


def median_of_a_sample(numbers: Numbers) -> float:
    """Flaky: samples five random elements."""
    return statistics.median(random.sample(numbers, min(5, len(numbers))))


def _tests() -> dict[str, tuple[Call, ...]]:
    rng = random.Random(1)
    lists = {"one": [7], "even": [4, 1, 3, 2], "in_order": [1, 2, 3, 4, 5], "same": [2, 2, 2, 2]}
    drawn = {f"drawn_{n:02}": [rng.randrange(1000) for _ in range(rng.randrange(6, 13))] for n in range(1, 9)}
    return {name: (Call("median", (numbers,)),) for name, numbers in (lists | drawn).items()}


PROBLEM = Problem(
    "median",
    "Problem { median(list)->number }",
    (
        sort_and_take_middle,
        standard_library,
        half_a_heap,
        upper_middle,
        forgot_to_sort,
        whole_numbers,
        median_of_a_sample,
    ),
    _tests(),
)
