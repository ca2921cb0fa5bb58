"""Strategies for lakehouses: a few problems that contain every difficult case."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.model.documents import spellings
from tests.model.statement import Lakehouse, Row

T = TypeVar("T")
Draw = st.DrawFn

ALIKE = (
    ("1", "1.0", "1e0", "10e-1", " 1 "),
    ("2.5", "2", "3", "2.50", "3.5", "3.4"),
    ("0", "-0.0", "0.0", "0e9", "1e-400"),
    ("1e999999999", "10e999999998", "1e1000000000", "-1e999999999"),
    ("1e-999999999", "0.1e-999999998", "0"),
    ("566.35864", "566.3587", "566.3586", "56635.87e-2"),
    ("0.1", "0.10000000000000001", "0.1000000000000000055511151231257827"),
    ("123456789012345678901234567890", "123456789012345678901234567891", "1.2345678901234567890123456789e29"),
    ("NaN", "-Infinity", "Infinity", '"NaN"', "-NaN"),
    ("[1,2]", "[ 2, 1 ]", "[1.0, 2]", "[1]", "[1,2,2]"),
    ("[[1,2],[3]]", "[[3],[2,1]]", "[[3.0],[1,2]]"),
    ('{"a":1,"b":[1,2]}', '{"b":[1,2],"a":1}', '{"a":9,"a":1,"b":[1,2]}', '{"a":2,"b":[2,1]}', '{"b":[1,2]}'),
    ('{"a":{"a b":1,"c":[{"t":1},{"t":2}]}}', '{"a":{"c":[{"t":2},{"t":1}],"a b":1}}', '{"a":{"a b":3,"c":[{},{}]}}'),
    ('{"\\u0061":1}', '{"a":1}', '{"A":1}', '{"😀":1,"ﬀ":2}', '{"ﬀ":2,"😀":1}'),
    ('"é"', '"e\u0301"', '"\\u00e9"', '"É"'),
    ('"😀"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\uD83D"', '"\\ude00\\ud83d"'),
    ('"\\u0000"', '"\\n\\/\\u0022"', '"\\n/\\""', '"\\u007f"', '"\\u001f"', '"\\u2028"'),
    ("[" * 200 + "]" * 200, "[" * 199 + "[ ]" + "]" * 199, "[" * 201 + "]" * 201, "[" * 200 + "[ ]" + "]" * 200),
    ("true", "True", " true", "false", "1", '"true"'),
    ("$EXCEPTION@E@x", "$EXCEPTION@E@y", "$EXCEPTION@F@x", "$EXCEPTION@E@x@1", "$EXCEPTION@E", "$EXCEPTION@E@"),
    ("$CUT@T@0", "$CUT@U@0", "$CUT@T@1", "$CUT@T@00", "$CUT@T@x", "$CUT@a@b@1"),
    ("null", " null\n", "None", '"null"', "NULL"),
    (None, "$N/A", "_TOOLONG_", "_NOT_EXECUTED_", "$NOTEXECUTED@a", "$UNSERIALIZABLE@b", "$NOTEXECUTED"),
    ("$*", "_NA_", "$", "$EXCEPTION", "$x@y"),
    ("", " ", "not json", "01", "[1,]", "'a'", "{a:1}"),
)
IMPLEMENTATIONS = ("a", "A", "", "a@r1", "b", "a_1", "B", "ä", "Ä", "i'1", 'q"2', "日本", "😀", "step_id", "1", "z.z")
TESTS = ("t1", "t2", "T1", "té(1, 'x')", "10", "")
RUNS = ("r1", "r2", "R", "r 3", "r1@R", "")
FIRST = datetime(2024, 1, 1)
HOURS = (0, 0, 1, 2)
OPERATIONS = ("create", "f", None, "Create")
ORACLES = ("oracle", "a")


@st.composite
def lakehouses(draw: Draw, prefix: str) -> Lakehouse:
    """Draw two problems of one data set and one of another."""
    problems = [(f"{prefix} x'", "p"), (f"{prefix} x'", 'P"2'), (f"{prefix}y", "p")]
    drawn = [draw(_problem({"data_set_id": data_set, "problem_id": problem})) for data_set, problem in problems]
    return Lakehouse(*(list(chain.from_iterable(rows)) for rows in zip(*drawn, strict=True)))


@st.composite
def _problem(draw: Draw, key: Row) -> tuple[list[Row], list[Row], list[Row]]:
    implementations = draw(st.one_of(_some(IMPLEMENTATIONS, 3, 5), _some(IMPLEMENTATIONS[:6], 3, 5)))
    tests = draw(_some(TESTS, 2, 3))
    outputs = draw(_outputs())
    contexts = draw(_contexts())
    changes = draw(st.sampled_from(((False,) * 7 + (True,), (False, False, True))))
    common = [draw(st.lists(st.sampled_from(outputs), min_size=3, max_size=3)) for _ in tests]
    rows = []
    for implementation in implementations:
        codes = draw(st.sampled_from((("",), ("h1",), ("h2",), ("h1", "", "h1"), ("h1", "h2"))))
        for test, answers in zip(tests, common, strict=True):
            code = draw(st.sampled_from(codes))
            who = key | {"implementation_id": implementation, "test_id": test, "implementation_hash": code}
            rows += draw(_cell(who, answers, outputs, contexts, changes))
    expected = draw(_expected(key, tests, outputs))
    return rows + expected, draw(_sources(key, tests)), draw(_codes(key, implementations))


def _some(names: Sequence[T], least: int, most: int) -> st.SearchStrategy[list[T]]:
    return st.lists(st.sampled_from(names), min_size=least, max_size=most, unique=True)


def _outputs() -> st.SearchStrategy[list[str | None]]:
    """Draw a few outputs, most of them equal under some equality."""
    family = st.one_of(st.sampled_from(ALIKE), st.sampled_from(ALIKE), spellings())
    families = st.one_of(st.tuples(family), st.tuples(family, family))
    many = st.sampled_from((2, 3, 4, 5))
    return st.tuples(families, many).flatmap(lambda some: _listed(sum(some[0], ()), some[1]))


def _listed(values: Sequence[T], many: int) -> st.SearchStrategy[list[T]]:
    return st.lists(st.sampled_from(values), min_size=many, max_size=many)


@st.composite
def _contexts(draw: Draw) -> list[Row]:
    """Draw contexts: runs that differ only in the run, and some that differ in more."""
    first, many = draw(_context()), draw(st.sampled_from((1, 2, 3, 3, 4)))
    runs = [first | {"run_id": run} for run in draw(_some(RUNS, many, many))]
    others = [draw(_context()) for _ in range(draw(st.sampled_from((0, 0, 1, 1, 2))))]
    return list({tuple(each.values()): each for each in runs + others}.values())


@st.composite
def _context(draw: Draw) -> Row:
    return {
        "run_id": draw(st.sampled_from(RUNS)),
        "environment_id": draw(st.sampled_from(("e1", "e2"))),
        "git_commit_hash": draw(st.sampled_from(("c1", "c2", None))),
        "ci_pipeline_id": draw(st.sampled_from((None, "5"))),
        "researcher_name": draw(st.sampled_from((None, "Ann", "Åsa"))),
    }


@st.composite
def _cell(
    draw: Draw, who: Row, common: list[Any], outputs: list[Any], contexts: list[Row], changes: Sequence[bool]
) -> list[Row]:
    """Draw the rows of one cell: most runs repeat the first, some stop early, some have a step twice."""
    usual = common if draw(st.booleans()) else [draw(st.sampled_from(outputs)) for _ in common]
    answers = usual[: draw(st.sampled_from((2, 2, 2, 2, 3, 2, 2, 2, 3, 1, 1, 0)))]
    rows = []
    for where in contexts:
        context = where | draw(st.sampled_from(({}, {}, {}, {}, {"implementation_hash": "h3"})))
        hour = draw(st.sampled_from(HOURS))
        left = len(answers) - draw(st.sampled_from((0, 0, 0, 0, 0, 0, 0, 0, 1, 3)))
        for step, first in enumerate(answers[: max(left, 0)]):
            change = draw(st.sampled_from(changes))
            output = draw(st.sampled_from(outputs)) if change else first
            rows.append(_row(who | context, step, output, hour, draw(st.sampled_from(OPERATIONS))))
            if change and draw(st.booleans()):
                again = draw(st.sampled_from(outputs))
                rows.append(_row(who | context, step, again, draw(st.sampled_from(HOURS)), rows[-1]["operation"]))
    return rows


def _row(who: Row, step: int, output: str | None, hour: int, operation: str | None) -> Row:
    """Build one observation; the other columns follow from the drawn ones, so rows only differ where it matters."""
    return who | {
        "step_id": step,
        "output": output,
        "created_at": _time(hour),
        "operation": operation,
        "inputs": None if operation is None else f'["{output}"]',
        "test_hash": "",
        "execution_time_ms": hour / 8 if hour else None,
        "memory_used_mb": {None: 0.1, "f": 0.2, "create": 1.7e308, "Create": 5e-324}[operation],
        "branch_coverage_percent": step * 12.5,
        "specified_oracle": False,
    }


@st.composite
def _expected(draw: Draw, key: Row, tests: list[str], outputs: list[Any]) -> list[Row]:
    """Draw expected rows, also of a test that no implementation ran, and in contexts of their own."""
    places = st.tuples(st.sampled_from(ORACLES), st.sampled_from((*tests, "t9")), st.sampled_from(("r1", "r9")))
    names = ("implementation_id", "test_id", "run_id")
    shared = key | {"implementation_hash": ""}
    return [
        _row(shared | draw(_context()) | dict(zip(names, place, strict=True)), step, output, 1, None)
        | {"specified_oracle": True}
        for place in draw(st.lists(places, min_size=1, max_size=4, unique=True))
        for step, output in enumerate(draw(st.lists(st.sampled_from(outputs), min_size=1, max_size=3)))
    ]


@st.composite
def _codes(draw: Draw, key: Row, implementations: list[str]) -> list[Row]:
    """Draw code of some implementations, of some more than once; some share their code."""
    versions = st.tuples(
        st.sampled_from(implementations), st.sampled_from(("k1", "k2", "", None)), st.sampled_from(HOURS)
    )
    return [
        key
        | {
            "implementation_id": implementation,
            "code_hash": code,
            "created_at": _time(hour),
            "source_code": f"{code} of {hour}",
            "language": "Java" if hour else None,
            "lines_of_code": None,
            "cyclomatic_complexity": None,
        }
        for implementation, code, hour in draw(st.lists(versions, max_size=4))
    ]


@st.composite
def _sources(draw: Draw, key: Row, tests: list[str]) -> list[Row]:
    versions = st.tuples(st.sampled_from(tests), st.sampled_from(("s1", "s2", None)), st.sampled_from(HOURS))
    return [
        key
        | {
            "test_id": test,
            "source_code": f"{code} of {hour}",
            "focal_interface": None if code else "A { f() }",
            "code_hash": code,
            "created_at": _time(hour),
            "language": "Java" if hour else None,
        }
        for test, code, hour in draw(st.lists(versions, max_size=3))
    ]


def _time(hour: int) -> datetime:
    return FIRST + timedelta(hours=hour)
