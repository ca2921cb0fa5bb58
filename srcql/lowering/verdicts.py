"""Verdicts: the responses of implementations beside the reference.

__references  what the reference says (references.py)
__expected    what each step expects: one response, none, or several different ones
__checked     the implementations that are checked
__asked       the steps that they are checked at
__met         each of them at each step: the expected and the actual response
__verdicts    the same, with the verdict
__judged      each of them at each test, with its verdict
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from srcql.lowering import behaviour, references
from srcql.lowering.against import Against
from srcql.lowering.behaviour import Traces
from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
from srcql.lowering.outputs import equal_pairs, with_outputs
from srcql.sql import listed, literal, same

SILENT = "('NA', 'UNDEFINED', 'FLAKY')"
WHO = ("implementation_id", "__entry", "__who")
OF_TEST = ("FAIL", "MISSING", "NA", "CONFLICT", "PASS")


@dataclass(frozen=True)
class Comparison:
    """The traces and the reference, the expected responses, and the implementations and steps that are checked."""

    traces: Traces
    references: Cte
    expected: Cte
    checked: Cte
    asked: Cte


@dataclass(frozen=True)
class Verdicts(Cte):
    """The verdict of every implementation at every step, and what it was made from."""

    of: Comparison


def steps(lowering: Lowering, against: Against, wanted: Iterable[str] = (), among: Lowering | None = None) -> Verdicts:
    """Define `__verdicts` over traces with the wanted columns.

    `among` is the lowering that has the reference, if it is another one.
    """
    columns = ["output", "response_kind", *against.extra_key]
    source = references.apart(among or lowering, against)
    traces = behaviour.traces(lowering if among else source, [*columns, *wanted])
    if among:
        inner = references.references(source, against, behaviour.traces(source, columns))
        stated = lowering.define("__references", f"{source.with_} SELECT * FROM {inner}")
    else:
        stated = references.references(source, against, traces)
    expected = _expected(lowering, against, stated)
    comparison = Comparison(traces, stated, expected, *_universe(lowering, against, traces, expected))
    return Verdicts(_verdicts(lowering, _met(lowering, against, comparison)).name, comparison)


def tests(lowering: Lowering, verdicts: Verdicts) -> Cte:
    """Define `__judged`, the verdicts for whole tests."""
    cell = listed([*lowering.cube.analysis, *WHO, "test_id"])
    first = " ".join(f"WHEN count(*) FILTER (verdict = '{verdict}') > 0 THEN '{verdict}'" for verdict in OF_TEST)
    judged = (
        f"SELECT {cell}, CASE WHEN count(*) FILTER (__present) = 0 THEN 'MISSING' {first} ELSE 'UNDEFINED' END"
        f" AS verdict, min(step_id) FILTER (verdict = 'FAIL') AS first_diff_step FROM {verdicts} GROUP BY {cell}"
    )
    return lowering.define("__judged", judged)


def _expected(lowering: Lowering, against: Against, references: Cte) -> Cte:
    """Define `__expected`, one row for each step; of several equal responses it shows the least text."""
    classes = replace(lowering.cube.using, tolerance=None)
    response = classes.key if behaviour.keyed(lowering) or not classes.stored else classes.stored
    functions = {"__kind": "response_kind(output)", "__response": response}
    said = lowering.define("__said", with_outputs(references, functions))
    step = listed([*lowering.step, *([against.owner] if against.owner else [])])
    defined = f"__kind NOT IN ({', '.join(map(literal, against.undefined))})"
    states = (
        f"SELECT {step}, count(DISTINCT __response) FILTER ({defined}) AS __values, min(output) AS __any,"
        f" min(output) FILTER ({defined}) AS __text, min(__response) FILTER ({defined}) AS __response"
        f" FROM {said} GROUP BY {step}"
    )
    text = "CASE __values WHEN 0 THEN __any WHEN 1 THEN __text END AS expected"
    return lowering.define("__expected", f"SELECT {step}, __values, {text}, __response FROM ({states})")


def _universe(lowering: Lowering, against: Against, traces: Traces, expected: Cte) -> tuple[Cte, Cte]:
    """Define `__checked` and `__asked`: of each test that an implementation has, its steps and the reference's."""
    step = listed(lowering.step)
    who = listed([*lowering.cube.analysis, *WHO])
    checked = f"SELECT DISTINCT {who} FROM {traces} AS t WHERE NOT ({against.unchecked})"
    steps_expected = f"SELECT DISTINCT {step} FROM {expected} AS e"
    if against.kind != "RUN" or lowering.cube.missing.startswith("DROP"):
        had = same("e", "t", lowering.test)
        steps_expected += f" WHERE EXISTS (SELECT 1 FROM {traces} AS t WHERE {had})"
    asked = f"SELECT DISTINCT {step} FROM {traces} UNION {steps_expected}"
    return lowering.define("__checked", checked), lowering.define("__asked", asked)


def _met(lowering: Lowering, against: Against, of: Comparison) -> Cte:
    analysis = lowering.cube.analysis
    equal = "NULL" if lowering.cube.using.tolerance else "t.__response = e.__response"
    decided = (
        "CASE WHEN coalesce(e.__values, 0) = 0 THEN 'UNDEFINED' WHEN e.__values > 1 THEN 'CONFLICT'"
        f" WHEN t.__who IS NULL THEN 'MISSING' WHEN {lowering.kind('t')} IN {SILENT} THEN 'NA'"
        f" WHEN {equal} THEN 'PASS' WHEN NOT ({equal}) THEN 'FAIL' END AS __decided"
    )
    met = (
        f"SELECT {listed([*analysis, *WHO], 'c')}, s.test_id, s.step_id, e.expected, t.output,"
        f" t.__who IS NOT NULL AS __present, {decided}"
        f" FROM {of.checked} AS c JOIN {of.asked} AS s ON {same('c', 's', analysis)}"
        f" LEFT JOIN {of.traces} AS t ON {same('s', 't', lowering.step)} AND t.__who = c.__who"
        f"{references.joined(lowering, against, of.expected)}"
        f"{_common(lowering, against, of)}"
    )
    return lowering.define("__met", met)


def _common(lowering: Lowering, against: Against, of: Comparison) -> str:
    """MISSING IGNORE: the tests that both the implementation and the reference have."""
    if lowering.cube.missing != "IGNORE":
        return ""
    test = lowering.test
    both = f" WHERE EXISTS (SELECT 1 FROM {of.traces} AS h WHERE {same('s', 'h', test)} AND h.__who = c.__who)"
    if against.kind == "ORACLE":
        return both
    owned = " AND r.implementation_id = c.implementation_id" if against.kind == "RUN" else ""
    return f"{both} AND EXISTS (SELECT 1 FROM {of.references} AS r WHERE {same('s', 'r', test)}{owned})"


def _verdicts(lowering: Lowering, met: Cte) -> Cte:
    using = lowering.cube.using
    if not using.tolerance:
        return lowering.define("__verdicts", f"SELECT *, __decided AS verdict FROM {met}")
    equal = equal_pairs(met, "expected", "output", "__decided IS NULL", using)
    verdict = "coalesce(m.__decided, CASE WHEN p.__equal THEN 'PASS' ELSE 'FAIL' END) AS verdict"
    at = "m.__decided IS NULL AND m.expected = p.expected AND m.output = p.output"
    return lowering.define("__verdicts", f"SELECT m.*, {verdict} FROM {met} AS m LEFT JOIN ({equal}) AS p ON {at}")
