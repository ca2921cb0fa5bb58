"""Checks that several verbs share."""

from srcql.clauses.cube import Cube
from srcql.clauses.equality import CLASSES_HINT
from srcql.clauses.reader import Reader


def check_tolerance_of_runs(reader: Reader, cube: Cube) -> None:
    """Raise an error for TOLERANCE with RUNS STABLE, which needs classes of responses."""
    if cube.using.tolerance and cube.runs == "STABLE":
        message = "RUNS STABLE needs classes of responses: TOLERANCE makes none"
        raise reader.error(message, cube.using.tolerance.span, CLASSES_HINT)
