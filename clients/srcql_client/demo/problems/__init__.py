"""The problems of the demo, one file each."""

from ..problem import Problem
from . import lru_cache, median, roman

PROBLEMS: tuple[Problem, ...] = (median.PROBLEM, roman.PROBLEM, lru_cache.PROBLEM)
