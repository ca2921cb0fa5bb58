"""Checks that several verbs share."""

from srcql.clauses.cube import Cube
from srcql.clauses.reader import Reader

DIGITS = "DIGITS n rounds numbers before they are compared: USING DIGITS 6"


def check_tolerance_of_runs(reader: Reader, cube: Cube) -> None:
    """Raise an error for TOLERANCE with RUNS STABLE, which needs classes of responses."""
    if cube.using.tolerance and cube.runs == "STABLE":
        message = "RUNS STABLE compares several runs, and TOLERANCE is not transitive"
        raise reader.error(message, cube.using.tolerance.span, DIGITS)
