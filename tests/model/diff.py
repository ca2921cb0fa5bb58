"""DIFF: the changes from one end to the other."""

from dataclasses import dataclass, replace
from typing import Any

from tests.model.check import Checked, beside
from tests.model.closeness import same
from tests.model.cube import Analysis, Response, Voter, part
from tests.model.statement import AXES, Ends, Lakehouse, Rejected, Row, Statement

Key = tuple[Any, ...]  # columns that both sides share: implementation (unless it is the axis) and run
Place = tuple[str, int]


@dataclass(frozen=True)
class Side:
    """One end: its cube, the place of each voter in it, and the reference."""

    cube: Analysis
    voters: dict[Key, Voter]
    checked: Checked | None

    def tests(self, key: Key) -> set[str]:
        return set(self.cube.cells[self.voters[key]]) if key in self.voters else set()

    def response(self, key: Key, place: Place) -> Response | None:
        return self.cube.response(self.voters[key], *place) if key in self.voters else None

    def passes(self, key: Key, place: Place) -> bool | None:
        """Return whether a response passes; None when that is unknown."""
        if self.checked is None:
            return None
        verdict = self.checked.judged(self.voters[key], place, self.response(key, place)).verdict
        return {"PASS": True, "FAIL": False}.get(verdict)


def diff(found: Analysis, statement: Statement, _: Lakehouse) -> list[Row]:
    ends = statement.ends
    if ends is None:
        raise Rejected("DIFF without ends")
    noise, against = statement.name("NOISE"), statement.against
    if against and ends.axis == against.reference == "RUN" and against.name in (ends.before, ends.after, noise):
        raise Rejected("the reference is an end")
    before, after = (_side(found, statement, ends, end) for end in (ends.before, ends.after))
    repeat = None if noise is None else _side(found, statement, ends, noise)
    rows = []
    for key in before.voters.keys() | after.voters.keys():
        name = _name(ends, key)
        for place in _places(key, before, after, statement):
            if repeat is None or not _noisy(key, place[0], before, repeat, statement):
                row = _row(key, place, before, after, statement, ends)
                rows.append({"implementation_id": name, "test_id": place[0], "step_id": place[1]} | row)
    rows.sort(key=lambda row: (row["implementation_id"], row["test_id"], row["step_id"]))
    return [row for row in rows if row["changed"] or not statement.says("CHANGED ONLY")]


def _side(found: Analysis, statement: Statement, ends: Ends, end: str) -> Side:
    plain = replace(statement, own=tuple(clause for clause in statement.own if clause is not statement.against))
    cube = part(found, plain, lambda row: row[AXES[ends.axis]] == end)
    if statement.against is None:
        return Side(cube, _voters(ends, cube), None)
    checked = beside(_within(found, cube, statement, ends, end), statement, statement.against)
    shown = checked.analysis if statement.against.reference == "RUN" else cube
    return Side(shown, _voters(ends, shown), checked)


def _within(found: Analysis, cube: Analysis, statement: Statement, ends: Ends, end: str) -> Analysis:
    """Return the cube that holds the reference: the side with the reference that MISSING spares, unless it has none."""
    against = statement.against
    if against and against.reference == "RUN":
        return part(found, statement, lambda row: end == row[AXES[ends.axis]] or row["run_id"] == against.name)
    if against and ends.axis == "IMPLEMENTATION" and against.reference in ("ORACLE", "IMPLEMENTATION"):
        return found
    spared = against and against.reference == "IMPLEMENTATION"
    return part(found, statement, lambda row: row[AXES[ends.axis]] == end) if spared else cube


def _voters(ends: Ends, cube: Analysis) -> dict[Key, Voter]:
    return {_key(ends, voter): voter for voter in cube.voters}


def _key(ends: Ends, voter: Voter) -> Key:
    return (None if ends.axis == "IMPLEMENTATION" else voter.implementation, voter.run)


def _name(ends: Ends, key: Key) -> str:
    return Voter(ends.after if ends.axis == "IMPLEMENTATION" else key[0], key[1]).name


def _places(key: Key, before: Side, after: Side, statement: Statement) -> list[Place]:
    tests = [side.tests(key) for side in (before, after)]
    shown = tests[0] & tests[1] if statement.missing == "IGNORE" else tests[0] | tests[1]
    places = {*before.cube.steps, *after.cube.steps}
    return sorted(
        place for place in places if place[0] in shown and (before.response(key, place) or after.response(key, place))
    )


def _equal(one: Response | None, other: Response | None, statement: Statement) -> bool:
    if one is None or other is None:
        return one is other
    return "FLAKY" not in (one.kind, other.kind) and same(one, other, statement.using)


def _noisy(key: Key, test: str, before: Side, repeat: Side, statement: Statement) -> bool:
    """Return whether a repeated run of the first end has another cell."""
    lacking = sum(test not in side.tests(key) for side in (before, repeat))
    if lacking:
        return lacking == 1 and statement.missing != "IGNORE"
    places = [place for place in {*before.cube.steps, *repeat.cube.steps} if place[0] == test]
    return not all(_equal(before.response(key, place), repeat.response(key, place), statement) for place in places)


def _row(key: Key, place: Place, before: Side, after: Side, statement: Statement, ends: Ends) -> Row:
    one, other = before.response(key, place), after.response(key, place)
    equal = _equal(one, other, statement)
    if one is None or other is None:
        status = "ADDED" if one is None else "REMOVED"
    elif ends.axis != "IMPLEMENTATION" and one.row["inputs"] != other.row["inputs"]:
        status = "STIMULUS"
    elif statement.against is None:
        status = "STABLE" if equal else "CHANGED"
    else:
        status = _worth(before.passes(key, place), after.passes(key, place), equal)
    asked = other or one
    return {
        "inputs": asked.row["inputs"] if asked else None,
        "before": one.row["output"] if one else None,
        "after": other.row["output"] if other else None,
        "changed": not equal,
        "status": status,
    }


def _worth(before: bool | None, after: bool | None, equal: bool) -> str:
    if before is None or after is None:
        return "UNKNOWN"
    if before != after:
        return "FIX" if after else "REGRESSION"
    return "STABLE" if after else "STABLE_WRONG" if equal else "DRIFT"
