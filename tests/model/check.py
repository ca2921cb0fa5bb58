"""CHECK: compare every implementation with a reference."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

from tests.model.closeness import same
from tests.model.cube import Analysis, Response, Voter, analysis, part, response, runs_of_cells, steps_kept
from tests.model.equality import kind, response_text
from tests.model.oracle import oracle
from tests.model.statement import Against, Lakehouse, Rejected, Row, Statement, Using

Place = tuple[str, int]  # test and step
Expected = dict[Place, list[Response]]
Expects = Callable[
    [Voter], Expected | None
]  # the implementation that the value is expected of; None: an implementation that is not checked
Reference = tuple[
    Analysis, set[Place], Expects
]  # the checked implementations, the steps of the reference, its expected values
UNCLEAR = (
    "FAIL",
    "MISSING",
    "NA",
    "CONFLICT",
    "PASS",
    "UNDEFINED",
)  # the verdict of a test is the first of these that one of its steps has
SILENT = {"NA", "UNDEFINED", "FLAKY"}


class Verdict(NamedTuple):
    """The verdict of one step. `expected`: the least text of the expected class, else what the reference has."""

    expected: str | None
    output: str | None
    verdict: str


@dataclass(frozen=True)
class Checked:
    """An analysis with a reference: checked implementations, tests, their steps, and expected values."""

    analysis: Analysis
    voters: list[Voter]
    tests: list[str]
    steps: dict[str, list[int]]
    expects: Expects
    using: Using
    null_defined: bool
    ignore: bool

    def tests_of(self, voter: Voter) -> list[str]:
        if not self.ignore:
            return self.tests
        known = {test for test, _ in self.expects(voter) or {}} & self.analysis.cells[voter].keys()
        return [test for test in self.tests if test in known]

    def verdicts(self, voter: Voter, test: str) -> dict[int, Verdict]:
        places = [(test, step) for step in self.steps[test]]
        return {place[1]: self.judged(voter, place, self.analysis.response(voter, *place)) for place in places}

    def judged(self, voter: Voter, place: Place, found: Response | None) -> Verdict:
        said = [each for each in (self.expects(voter) or {}).get(place, []) if each.kind != "FLAKY"]  # no answer
        defined = [each for each in said if self._defined(each)]
        output = found.row["output"] if found else None
        expected = min((each.row["output"] for each in defined or said if each.row["output"] is not None), default=None)
        if not defined:
            return Verdict(expected, output, "UNDEFINED")
        if len({each.text for each in defined}) > 1:
            return Verdict(None, output, "CONFLICT")
        if found is None or found.kind in SILENT:
            return Verdict(expected, output, "MISSING" if found is None else "NA")
        passed = same(found, defined[0], self.using)
        return Verdict(expected, output, "PASS" if passed else "FAIL")

    def of_test(self, voter: Voter, test: str) -> str:
        if test not in self.analysis.cells[voter]:
            return "MISSING"
        found = {verdict.verdict for verdict in self.verdicts(voter, test).values()}
        return next(each for each in UNCLEAR if each in found)

    def _defined(self, said: Response) -> bool:
        return said.kind not in SILENT | {"REF"} and (said.kind != "NULL" or self.null_defined)


def check(found: Analysis, statement: Statement, _: Lakehouse) -> list[Row]:
    if statement.against is None:
        raise Rejected("CHECK without AGAINST")
    checked = beside(found, statement, statement.against)
    rows = _per_step if statement.says("PER STEP") else _per_test if statement.says("PER TEST") else _whole
    return [{"implementation_id": voter.name, **row} for voter in checked.voters for row in rows(checked, voter)]


def _whole(checked: Checked, voter: Voter) -> list[Row]:
    counts = Counter(checked.of_test(voter, test) for test in checked.tests_of(voter))
    passed, failed, missing, na = (counts[verdict] for verdict in ("PASS", "FAIL", "MISSING", "NA"))
    strict, lenient = passed + failed + missing + na, passed + failed
    row = {"passed": passed, "failed": failed, "missing": missing, "na": na}
    row |= {"undefined": counts["UNDEFINED"] + counts["CONFLICT"]}
    rates = {"strict_rate": passed / strict if strict else None, "lenient_rate": passed / lenient if lenient else None}
    return [row | rates | {"all_passed": passed > 0 and strict == passed}]


def _per_test(checked: Checked, voter: Voter) -> list[Row]:
    rows = []
    for test in checked.tests_of(voter):
        failed = [step for step, each in checked.verdicts(voter, test).items() if each.verdict == "FAIL"]
        verdict = checked.of_test(voter, test)
        rows.append({"test_id": test, "verdict": verdict, "first_diff_step": min(failed, default=None)})
    return rows


def _per_step(checked: Checked, voter: Voter) -> list[Row]:
    return [
        {"test_id": test, "step_id": step, **verdict._asdict()}
        for test in checked.tests_of(voter)
        for step, verdict in checked.verdicts(voter, test).items()
    ]


def beside(found: Analysis, statement: Statement, against: Against) -> Checked:
    """Compare an analysis with a reference."""
    references: dict[str, Callable[[Analysis, Statement, Against], Reference]] = {
        "SPECIFIED": _specified,
        "ORACLE": _oracle,
        "IMPLEMENTATION": _implementation,
        "RUN": _run,
    }
    rest, own, expects = references[against.reference](found, statement, against)
    tests = set(rest.tests)
    if against.reference == "RUN" and statement.missing in (None, "DISTINCT", "IGNORE"):
        tests |= {test for test, _ in own}
    steps = {test: sorted({step for other, step in {*rest.steps, *own} if other == test}) for test in tests}
    voters = [voter for voter in rest.voters if expects(voter) is not None]
    defined = against.reference != "SPECIFIED" or against.null_defined
    return Checked(rest, voters, sorted(tests), steps, expects, statement.using, defined, statement.missing == "IGNORE")


def _specified(found: Analysis, statement: Statement, _: Against) -> Reference:
    expected: Expected = {}
    for row in found.expected:
        said = Response(row, kind(row["output"]), response_text(row["output"], statement.using))
        expected.setdefault((row["test_id"], row["step_id"]), []).append(said)
    return found, set(expected), lambda _: expected


def _oracle(found: Analysis, statement: Statement, against: Against) -> Reference:
    if statement.using.tolerance and not against.using:
        raise Rejected("TOLERANCE has no votes")
    own = replace(statement, own=against.own, using=against.using or statement.using)
    voting = _under(found, own.using) if against.using else found
    if against.leave_one_out:
        silent: Expected = {place: [] for place in voting.steps}
        return found, set(), cache(lambda voter: silent | _answers(_alone(voting, voter), own, statement.using))
    expected = _answers(voting, own, statement.using)
    return found, set(), lambda _: expected


def _under(found: Analysis, using: Using) -> Analysis:
    """Return the same cells under another equality."""
    cells = {
        voter: {
            test: [{step: _read(said, using) for step, said in run.items()} for run in runs]
            for test, runs in tests.items()
        }
        for voter, tests in found.cells.items()
    }
    return replace(found, cells=cells)


def _read(said: Response, using: Using) -> Response:
    return said if said.kind == "FLAKY" else said._replace(text=response_text(said.row["output"], using))


def _alone(found: Analysis, without: Voter) -> Analysis:
    return replace(found, cells={voter: tests for voter, tests in found.cells.items() if voter != without})


def _answers(voting: Analysis, statement: Statement, using: Using) -> Expected:
    answers = ((row["test_id"], row["step_id"], row["output"]) for row in oracle(voting, statement))
    return {(test, step): [] if said is None else [response(said, using)] for test, step, said in answers}


def _implementation(found: Analysis, _: Statement, against: Against) -> Reference:
    reference = next((voter for voter in found.voters if voter.name == against.name), None)
    tests = found.cells[reference] if reference else {}
    expected = {(test, step): [said] for test, runs in tests.items() for run in runs for step, said in run.items()}
    return found, set(expected), lambda voter: None if voter == reference else expected


def _run(found: Analysis, statement: Statement, against: Against) -> Reference:
    rest = part(found, statement, lambda row: row["run_id"] != against.name)
    kept = steps_kept(runs_of_cells(rest.rows, statement.runs or "LATEST"), statement.steps or "ALL")
    rows = [row for row in found.rows if row["run_id"] == against.name]
    cells = analysis(found.key, rows, [], replace(statement, runs=None, steps=None, missing=None)).cells
    expected: dict[str, Expected] = {}
    for voter, tests in cells.items():
        for test, runs in tests.items():
            for step, said in runs[0].items():
                if kept(said.row):
                    expected.setdefault(voter.implementation, {})[test, step] = [said]
    own = {place for each in expected.values() for place in each}
    return rest, own, lambda voter: expected.get(voter.implementation, {})
