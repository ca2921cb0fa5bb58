"""What responses are worth beside what is expected.

__references  what the reference says (verbs/against.py)
__expected    what is expected at each step, or that nothing is, or that it contradicts itself
__checked     the implementations that are checked
__asked       the steps that they are asked
__met         each of them at each of these: what is expected, what was answered
__verdicts    the same, with the verdict
__judged      each of them at each test, with its verdict
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from srcql.lowering import behaviour
from srcql.sql import listed, literal, same

if TYPE_CHECKING:
    from srcql.lowering.against import Against
    from srcql.lowering.cells import Lowering

SILENT = "('NA', 'UNDEFINED', 'FLAKY')"
WHO = ("implementation_id", "__entry", "__who")
OF_TEST = ("FAIL", "MISSING", "NA", "CONFLICT", "PASS")


def steps(lowering: "Lowering", against: "Against", wanted: Iterable[str] = (), among: "Lowering | None" = None) -> str:
    """Define `__verdicts`, and `__traces` with the wanted columns; the reference may be found among other cells."""
    columns = ["output", "response_kind", *against.extra_key]
    against.prepare(among or lowering)
    behaviour.traces(lowering, [*columns, *wanted])
    if among:
        behaviour.traces(among, columns)
        against.references(among)
        lowering.define("__references", f"{among.with_} SELECT * FROM __references")
    else:
        against.references(lowering)
    _expected(lowering, against)
    _universe(lowering, against)
    return _verdicts(lowering, _met(lowering, against))


def tests(lowering: "Lowering") -> str:
    """Define `__judged`; `__verdicts` is defined before."""
    cell = listed([*lowering.cube.analysis, *WHO, "test_id"])
    first = " ".join(f"WHEN count(*) FILTER (verdict = '{verdict}') > 0 THEN '{verdict}'" for verdict in OF_TEST)
    judged = (
        f"SELECT {cell}, CASE WHEN count(*) FILTER (__present) = 0 THEN 'MISSING' {first} ELSE 'UNDEFINED' END"
        f" AS verdict, min(step_id) FILTER (verdict = 'FAIL') AS first_diff_step FROM __verdicts GROUP BY {cell}"
    )
    return lowering.define("__judged", judged)


def _step(lowering: "Lowering") -> list[str]:
    return [*lowering.cube.analysis, "test_id", "step_id"]


def _expected(lowering: "Lowering", against: "Against") -> None:
    """One row for each step: of several that say the same the least text, by the equality that makes classes."""
    classes = replace(lowering.cube.using, tolerance=None)
    response = classes.key if behaviour.keyed(lowering) or not classes.stored else classes.stored
    functions = {"__kind": "response_kind(output)", "__response": response}
    said = lowering.define("__said", lowering.with_outputs("__references", functions))
    step = listed([*_step(lowering), *([against.owner] if against.owner else [])])
    defined = f"__kind NOT IN ({', '.join(map(literal, against.undefined))})"
    states = (
        f"SELECT {step}, count(DISTINCT __response) FILTER ({defined}) AS __values, min(output) AS __any,"
        f" min(output) FILTER ({defined}) AS __text, min(__response) FILTER ({defined}) AS __response"
        f" FROM {said} GROUP BY {step}"
    )
    text = "CASE __values WHEN 0 THEN __any WHEN 1 THEN __text END AS expected"
    lowering.define("__expected", f"SELECT {step}, __values, {text}, __response FROM ({states})")


def _universe(lowering: "Lowering", against: "Against") -> None:
    """Tests are those that some implementation has; of such a test each step that it or the reference has."""
    analysis, step = lowering.cube.analysis, listed(_step(lowering))
    checked = f"SELECT DISTINCT {listed([*analysis, *WHO])} FROM __traces AS t WHERE NOT ({against.unchecked})"
    lowering.define("__checked", checked)
    expected = f"SELECT DISTINCT {step} FROM __expected AS e"
    if against.kind != "RUN" or lowering.cube.missing.startswith("DROP"):
        had = same("e", "t", [*analysis, "test_id"])
        expected += f" WHERE EXISTS (SELECT 1 FROM __traces AS t WHERE {had})"
    lowering.define("__asked", f"SELECT DISTINCT {step} FROM __traces UNION {expected}")


def _met(lowering: "Lowering", against: "Against") -> str:
    analysis, step = lowering.cube.analysis, _step(lowering)
    tolerance = lowering.cube.using.tolerance
    equal = "NULL" if tolerance else "t.__response = e.__response"
    decided = (
        "CASE WHEN coalesce(e.__values, 0) = 0 THEN 'UNDEFINED' WHEN e.__values > 1 THEN 'CONFLICT'"
        f" WHEN t.__who IS NULL THEN 'MISSING' WHEN {lowering.kind('t')} IN {SILENT} THEN 'NA'"
        f" WHEN {equal} THEN 'PASS' WHEN NOT ({equal}) THEN 'FAIL' END AS __decided"
    )
    met = (
        f"SELECT {listed([*analysis, *WHO], 'c')}, s.test_id, s.step_id, e.expected, t.output,"
        f" t.__who IS NOT NULL AS __present, {decided}"
        f" FROM __checked AS c JOIN __asked AS s ON {same('c', 's', analysis)}"
        f" LEFT JOIN __traces AS t ON {same('s', 't', step)} AND t.__who = c.__who"
        f" LEFT JOIN __expected AS e ON {same('s', 'e', step)}{against.belongs(lowering)}"
        f"{_common(lowering, against)}"
    )
    return lowering.define("__met", met)


def _common(lowering: "Lowering", against: "Against") -> str:
    """MISSING IGNORE: the tests that both the implementation and the reference have."""
    if lowering.cube.missing != "IGNORE":
        return ""
    test = [*lowering.cube.analysis, "test_id"]
    both = f" WHERE EXISTS (SELECT 1 FROM __traces AS h WHERE {same('s', 'h', test)} AND h.__who = c.__who)"
    if against.kind == "ORACLE":
        return both
    owned = " AND r.implementation_id = c.implementation_id" if against.kind == "RUN" else ""
    return f"{both} AND EXISTS (SELECT 1 FROM __references AS r WHERE {same('s', 'r', test)}{owned})"


def _verdicts(lowering: "Lowering", met: str) -> str:
    using = lowering.cube.using
    if not using.tolerance:
        return lowering.define("__verdicts", f"SELECT *, __decided AS verdict FROM {met}")
    pairs = f"SELECT DISTINCT expected, output FROM {met} WHERE __decided IS NULL"
    equal = f"SELECT *, response_equal(expected, output, {literal(using.text)}) AS __equal FROM ({pairs})"
    verdict = "coalesce(m.__decided, CASE WHEN p.__equal THEN 'PASS' ELSE 'FAIL' END) AS verdict"
    at = "m.__decided IS NULL AND m.expected = p.expected AND m.output = p.output"
    return lowering.define("__verdicts", f"SELECT m.*, {verdict} FROM {met} AS m LEFT JOIN ({equal}) AS p ON {at}")
