"""A problem of the demo: its implementations and its tests."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """One step of a test: an operation, its arguments, and the expected response in JSON, if there is one."""

    operation: str
    arguments: tuple[object, ...]
    expected: str | None = None


@dataclass(frozen=True)
class Problem:
    """A problem with several implementations; `tests` are named sequences of calls.

    An implementation is a function or a class. The first call of a test of a class is `create`.
    """

    problem_id: str
    interface: str
    implementations: tuple[Callable[..., object], ...]
    tests: dict[str, tuple[Call, ...]]
