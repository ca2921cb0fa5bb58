"""A problem of the demo: its implementations, and the calls that they are given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """One step of a test: an operation, its arguments, and the answer in JSON where one is expected."""

    operation: str
    arguments: tuple[Any, ...]
    expected: str | None = None


@dataclass(frozen=True)
class Problem:
    """Several implementations of one thing; `tests` are named sequences of calls.

    The implementations are functions, or classes: then the first call of a test is `create`.
    """

    problem_id: str
    interface: str
    implementations: tuple[Callable[..., Any], ...]
    tests: dict[str, tuple[Call, ...]]
