"""Strategies for statements: a shape fixes the clauses, everything else is drawn."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tests.model.cubes import Draw
from tests.model.pairs import Shape
from tests.model.shapes import FACTORS, REFERENCES, SHARED
from tests.model.sources import sources
from tests.model.statement import (
    AXES,
    NOTHING,
    Against,
    Condition,
    Ends,
    Every,
    Lakehouse,
    Order,
    Path,
    Row,
    Statement,
    Using,
    literal,
    quoted,
)

PATHS: tuple[Path, ...] = (
    ("a",),
    ("b", 0),
    ("b", Every.ELEMENT),
    (0,),
    (Every.ELEMENT, 0),
    (Every.MEMBER,),
    ("a", "a b"),
    ("a", "c", Every.ELEMENT, "t"),
    ("a", Every.MEMBER, 1),
)
TAKEN = {*SHARED, "HEAD", "AXIS"}
DEFAULTS = {"RUNS": "LATEST", "STEPS": "ALL", "MISSING": "DISTINCT"}
CONTEXTS = (("git_commit_hash",), ("researcher_name", "environment_id"), ("environment_id",))
EXCEPTIONS = st.sampled_from((None, "TYPE", "MESSAGE", "ANY"))
CELL = ("implementation_id", "test_id", "step_id", "created_at")
CONTEXT = ("run_id", "environment_id", "git_commit_hash", "researcher_name")
METRICS = ("execution_time_ms", "branch_coverage_percent", "memory_used_mb")
ORDERED = {
    "SLICE": ("output", "implementation_id", "execution_time_ms"),
    "MATRIX": ("test_id",),
    "CLUSTER": ("share", "n_missing", "representative"),
    "ORACLE": ("status", "support", "output", "votes"),
    "CHECK": ("implementation_id", "passed", "lenient_rate", "verdict", "first_diff_step", "expected"),
    "RANK": ("score", "n_missing", "implementation_id"),
    "SIMILARITY": ("n_common", "similarity", "right_id"),
    "DIFF": ("status", "after", "inputs", "changed"),
    "FLAKY": ("n_runs", "flake_rate", "test_id"),
    "DISCRIMINATE": ("power", "first_split_step"),
    "MINIMIZE": ("gained_pairs", "test_id"),
}
SHOWN = {
    "": ("passed", "lenient_rate"),
    "PER IMPLEMENTATION": ("passed", "lenient_rate"),
    "PER TEST": ("verdict", "first_diff_step"),
    "PER STEP": ("verdict", "expected"),
}


@st.composite
def statements(draw: Draw, verb: str, shape: Shape, lakehouse: Lakehouse) -> Statement:
    """Draw a statement of this shape over a lakehouse of at most three problems."""
    every_run = "RUNS" not in shape
    added = draw(_added(shape))
    source, scope = draw(sources(shape["FROM"], verb == "MATRIX", every_run, added, lakehouse))
    every = [NOTHING | row for row in source.rows(lakehouse.observations)]
    where = (*scope, *(draw(_where(shape["WHERE"], every or lakehouse.observations)) if shape["WHERE"] else ()))
    observed = [row for row in every if not row["specified_oracle"]]
    rows = [row for row in observed if all(each.holds(row) for each in where)] or observed
    head = tuple(name for name in shape.get("HEAD", "").split(", ") if name)
    statement = Statement(
        verb,
        source,
        head,
        where=where,
        by=draw(_by(shape)),
        using=draw(_using(shape["USING"])),
        runs=draw(_said("RUNS", shape)),
        steps=draw(_steps(shape["STEPS"])),
        missing=draw(_said("MISSING", shape)),
        limit=draw(st.integers(1, 9)) if shape["ORDER"] == "LIMIT" else None,
    )
    statement = replace(statement, ends=draw(_ends(shape["AXIS"], rows)) if "AXIS" in shape else None)
    for name in FACTORS[verb]:
        if name not in TAKEN and shape[name]:
            statement = replace(statement, own=(*statement.own, *draw(_own(name, shape[name], statement, rows))))
    if shape["ORDER"] == "ORDER BY":
        statement = replace(statement, order=draw(_orders(_sortable(statement))))
        if draw(st.booleans()):
            statement = replace(statement, limit=draw(st.integers(1, 9)), offset=draw(st.integers(0, 2)))
    return statement


def _added(shape: Shape) -> st.SearchStrategy[tuple[str, ...]]:
    """Draw the additional columns of a query with few columns: those that the statement needs, and perhaps more."""
    runs = ("run_id",) if shape.get("RUNS", "EACH") == "EACH" or shape.get("AGAINST") == "RUN" else ()
    axis = tuple({AXES[shape["AXIS"]]} - {"implementation_id", *runs}) if "AXIS" in shape else ()
    return st.sampled_from(((*runs, *axis), (*runs, *axis, "inputs", "created_at")))


def _by(shape: Shape) -> st.SearchStrategy[tuple[str, ...]]:
    axis = AXES[shape["AXIS"]] if "AXIS" in shape else None
    others = [names for names in CONTEXTS if axis not in names]
    return {"": st.just(()), "run_id": st.just(("run_id",)), "others": st.sampled_from(others)}[shape["BY"]]


def _said(clause: str, shape: Shape) -> st.SearchStrategy[str | None]:
    """Draw a clause; its default may be omitted."""
    choice = shape.get(clause)
    return st.just(choice) if choice else st.sampled_from((None, DEFAULTS[clause])) if choice == "" else st.none()


def _steps(what: str) -> st.SearchStrategy[str | None]:
    choices = {"": (None, "ALL"), "numbers": ("0", "1", "2, 1, 7")}
    return st.sampled_from(choices.get(what, (what,)))


@st.composite
def _ends(draw: Draw, axis: str, rows: list[Row]) -> Ends:
    before = draw(_value(AXES[axis], rows))
    return Ends(axis, before, draw(st.one_of(_value(AXES[axis], rows), *[_value(AXES[axis], rows, (before,))] * 3)))


def _value(column: str, rows: list[Row], others: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    """Draw a value that usually occurs; other than these, if one exists."""
    known = {row[column] for row in rows if row[column] is not None}
    found = sorted(known.difference(others) or known)
    return st.sampled_from([*found * 20, "nowhere"] if found else ["nowhere"])


def _own(clause: str, choice: str, statement: Statement, rows: list[Row]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Draw an own clause; several where one requires another."""
    if clause == "AGAINST":
        return _against(choice, statement, rows).map(lambda against: (against,))
    if clause == "ON":
        return _on(choice, statement, rows)
    if clause == "NOISE":
        column = AXES[statement.ends.axis] if statement.ends else ""
        return _value(column, rows).map(lambda value: (f"NOISE {quoted(value)}",))
    if choice == "MIN":
        return st.sampled_from((("MIN 0",), ("MIN 0.5",), ("MIN 0.34",), ("MIN 1",)))
    return st.just((choice,))


@st.composite
def _on(draw: Draw, choice: str, statement: Statement, rows: list[Row]) -> tuple[Any, ...]:
    if choice == "METRIC":
        return (f"ON METRIC {draw(st.sampled_from(METRICS))}{draw(st.sampled_from(('', ' ASC', ' DESC')))}",)
    references = [each for each in REFERENCES if each != "RUN" or "run_id" not in statement.by]
    if choice not in ("PASSES", "CODET") or draw(st.booleans()):
        return (f"ON {choice}",)
    return f"ON {choice}", draw(_against(draw(st.sampled_from(references)), statement, rows))


@st.composite
def _against(draw: Draw, reference: str, statement: Statement, rows: list[Row]) -> Against:
    if reference == "SPECIFIED":
        return Against(reference, null_defined=draw(st.booleans()))
    if reference in ("IMPLEMENTATION", "RUN"):
        column = f"{reference.lower()}_id"
        ends = (statement.ends.before, statement.ends.after) if statement.ends and reference == "RUN" else ()
        name = draw(_value(column, rows, ends))
        runs = _value("run_id", [row for row in rows if row[column] == name])
        return Against(reference, f"{name}@{draw(runs)}" if reference[0] == "I" and statement.runs == "EACH" else name)
    alone = draw(st.booleans())
    rules = (("", "PLURALITY", "MAJORITY", "QUORUM 0.6666666666666667"), ("", "EXCEPTIONS ABSTAIN"))
    ties = ("", "TIE NULL", "TIE LEAST") if alone else ("", "TIE NULL", "TIE CLUSTER", "TIE LEAST")
    per = ("", "PER STEP") if alone else ("", "PER STEP", "PER CLUSTER")
    own = tuple(clause for clause in (draw(st.sampled_from(some)) for some in (per, *rules, ties)) if clause)
    differs = bool(statement.using.tolerance) or (statement.runs != "STABLE" and draw(st.booleans()))
    using = draw(usings().map(lambda using: using if using.text else Using("CANONICAL"))) if differs else None
    return Against("ORACLE", None, False, alone, using, own)


def _sortable(statement: Statement) -> list[str]:
    """Return the result columns that ORDER BY may name."""
    if statement.verb == "SLICE":
        shown = statement.head or ("output", "implementation_id")
        return [name for name in ORDERED["SLICE"] if name in shown or shown == ("*",)]
    per = next((str(clause) for clause in statement.own if str(clause) in SHOWN), "")
    return list(SHOWN[per] if statement.verb == "CHECK" else ORDERED[statement.verb])


@st.composite
def _where(draw: Draw, about: str, rows: list[Row]) -> tuple[Condition, ...]:
    """Draw one or two conditions on values that occur in these rows."""
    columns = {
        "problem": ("problem_id", "data_set_id"),
        "response": (*CONTEXT, *CELL, "output", "response_kind", "operation", "implementation_hash"),
    }[about]
    condition = st.sampled_from(columns).flatmap(lambda name: _condition(name, rows))
    return tuple(draw(condition) for _ in range(draw(st.sampled_from((1, 1, 2)))))


@st.composite
def _condition(draw: Draw, column: str, rows: list[Row]) -> Condition:
    kinds = ("VALUE", "NULL", "EXCEPTION", "REF", "NA")
    values = kinds if column == "response_kind" else [row[column] for row in rows]
    known = sorted({value for value in values if value is not None}) or ["?" if column != "created_at" else None]
    value, on_problem = draw(st.sampled_from(known)), column in ("data_set_id", "problem_id")
    if value is None:
        return Condition(f"{column} IS NULL", lambda row: row[column] is None)
    forms: dict[str, Callable[[Any], bool]] = {
        f"{column} <> {literal(value)}": lambda found: found is not None and found != value,
        f"{column} >= {literal(value)}": lambda found: found is not None and found >= value,
        f"({column} IS NULL OR {column} <= {literal(value)})": lambda found: found is None or found <= value,
        f"({column} IS NULL OR {column} <> {literal(value)})": lambda found: found is None or found != value,
        f"{column} IS NOT DISTINCT FROM {literal(value)}": lambda found: found == value,
    }
    usual = [
        text for text in forms if len(known) > 1 or "<>" not in text
    ]  # excluding the only value would leave no rows
    text = draw(st.sampled_from(sorted(usual)))
    return Condition(text, lambda row: forms[text](row[column]), on_problem)


def usings() -> st.SearchStrategy[Using]:
    """Draw any equality that forms classes."""
    return st.one_of(_by_value(), _by_value(), _by_value(), st.builds(Using, st.just("EXACT"), EXCEPTIONS))


def _by_value() -> st.SearchStrategy[Using]:
    digits = st.one_of(st.none(), st.integers(1, 5), st.sampled_from((17, 1000)))
    paths = st.lists(st.sampled_from(PATHS), max_size=3, unique=True).map(tuple)
    base = st.sampled_from((None, "CANONICAL"))
    return st.builds(Using, base, EXCEPTIONS, digits, st.booleans(), st.booleans(), paths)


def _using(what: str) -> st.SearchStrategy[Using]:
    """Draw an equality without THROUGH."""
    if what == "EXACT":
        return st.builds(Using, st.just("EXACT"), EXCEPTIONS)
    if what == "TOLERANCE":
        distances, factors = ("0", "0.5", "1", "1e-3"), (None, "0.01", "1e-1", "1")
        paths = st.lists(st.sampled_from(PATHS), max_size=1).map(tuple)
        tolerance, rel = st.sampled_from(distances), st.sampled_from(factors)
        return st.builds(Using, exceptions=EXCEPTIONS, ignore=paths, tolerance=tolerance, rel=rel)
    return _by_value() if what else st.just(Using())


def _orders(columns: list[str]) -> st.SearchStrategy[tuple[Order, ...]]:
    one = st.builds(Order, st.sampled_from(columns or ["problem_id"]), st.booleans(), st.booleans())
    return st.lists(one, min_size=1, max_size=2, unique_by=lambda order: order.column).map(tuple)
