"""The problems of the demo, one file each."""

from ..problem import Problem
from . import leap_year, lru_cache, median, roman

PROBLEMS: tuple[Problem, ...] = (median.PROBLEM, roman.PROBLEM, lru_cache.PROBLEM, leap_year.PROBLEM)
