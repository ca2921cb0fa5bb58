"""Draws statements: a shape says which clauses meet, the rest is drawn."""

from collections.abc import Callable
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from tests.model.cubes import FIRST, Draw
from tests.model.pairs import Pair, Shape, covering
from tests.model.statement import Condition, Every, Lakehouse, Order, Path, Row, Source, Statement, Using, quoted

FROM = ("data set", "problem", "several", "everything", "query", "bare query")
WHERE = ("", "problem", "context", "time", "cell", "response")
BY = ("", "run_id", "git_commit_hash", "researcher_name, environment_id")
USING = {
    "": Using(),
    "EXCEPTIONS": Using("CANONICAL", "MESSAGE"),
    "EXACT": Using("EXACT"),
    "EXACT EXCEPTIONS": Using("EXACT", "TYPE"),
    "DIGITS": Using(digits=3),
    "UNORDERED": Using(unordered=True),
    "TYPED": Using(typed=True),
    "IGNORE": Using(ignore=(("a",),)),
    "all": Using("CANONICAL", "MESSAGE", 1, True, True, ((Every.ELEMENT, "a"), ("b", 0))),
}
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
RUNS = ("", "LATEST", "EACH", "STABLE")
STEPS = ("", "ALL", "LAST", "0", "2, 1, 7", "EXCEPT CREATE")
MISSING = ("", "DISTINCT", "DROP IMPLEMENTATIONS", "DROP TESTS")
ORDER = ("", "LIMIT", "ORDER BY", "ORDER BY LIMIT OFFSET")
SHARED = {"FROM": FROM, "WHERE": WHERE, "BY": BY, "USING": tuple(USING), "RUNS": RUNS, "STEPS": STEPS}
SHARED |= {"MISSING": MISSING, "ORDER": ORDER}
OWN: dict[str, dict[str, tuple[str, ...]]] = {
    "SLICE": {
        "HEAD": ("", "*", "output, kind, implementation_id", "test_id, implementation_hash, execution_time_ms"),
        "CODE": ("", "WITH CODE"),
        "TESTS": ("", "WITH TESTS"),
        "SPECIFIED": ("", "WITH SPECIFIED"),
    },
    "MATRIX": {
        "HEAD": ("", "output", "kind", "execution_time_ms", "operation"),
        "ROWS": ("", "ROWS STEP", "ROWS TEST"),
        "AT MOST": ("", "AT MOST 1", "AT MOST 9"),
        "SPECIFIED": ("", "WITH SPECIFIED"),
    },
    "CLUSTER": {"SIZE": ("", "MIN SIZE 1", "MIN SIZE 2"), "WEIGHT": ("", "WEIGHT DISTINCT CODE")},
    "ORACLE": {
        "PER": ("", "PER STEP", "PER CLUSTER"),
        "RULE": ("", "PLURALITY", "MAJORITY", "QUORUM 0.6", "QUORUM 0.5"),
        "EXCEPTIONS": ("", "EXCEPTIONS VOTE", "EXCEPTIONS ABSTAIN"),
        "TIE": ("", "TIE NULL", "TIE CLUSTER", "TIE LEAST"),
        "RUNS": (*RUNS, "ALL"),
    },
}
FACTORS = {verb: SHARED | own for verb, own in OWN.items()}
FACTORS["MATRIX"]["FROM"] = ("problem", "query")
APART: dict[str, list[Pair]] = {
    "SLICE": [],
    "MATRIX": [],
    "CLUSTER": [],
    "ORACLE": [frozenset({("RUNS", "ALL"), other}) for other in (("PER", "PER CLUSTER"), ("TIE", "TIE CLUSTER"))],
}
ORDERED = {
    "SLICE": ("output", "implementation_id", "execution_time_ms"),
    "MATRIX": ("test_id",),
    "CLUSTER": ("share", "n_missing", "representative"),
    "ORACLE": ("status", "support", "output", "votes"),
}
Key = tuple[str, str | None]  # a data set, and a problem where one is named
DEFAULT = ("output", "implementation_id")  # of the columns that SLICE shows when nothing is said
BARE = ("data_set_id", "problem_id", "implementation_id", "test_id", "step_id", "output")


def shapes(verb: str) -> list[Shape]:
    """Shapes of a verb in which all choices meet pairwise."""
    return covering(FACTORS[verb], APART[verb])


@st.composite
def shapes_of_chance(draw: Draw) -> tuple[str, Shape]:
    """Any verb with any choices."""
    verb = draw(st.sampled_from(list(FACTORS)))
    shape = {name: draw(st.sampled_from(values)) for name, values in FACTORS[verb].items()}
    assume(not any(pair <= shape.items() for pair in APART[verb]))
    return verb, shape


@st.composite
def statements(draw: Draw, verb: str, shape: Shape, lakehouse: Lakehouse) -> Statement:
    """A statement of this shape over the lakehouse, which holds three problems or fewer."""
    source, scope = draw(_source(shape["FROM"], shape["RUNS"], lakehouse))
    head = tuple(name for name in shape.get("HEAD", "").split(", ") if name)
    where = draw(_where(shape["WHERE"], lakehouse)) if shape["WHERE"] else ()
    own = tuple(shape[name] for name in OWN[verb] if name not in ("HEAD", "RUNS") and shape[name])
    shown = {"SLICE": head or DEFAULT}.get(verb, ORDERED[verb])
    ordered = [name for name in ORDERED[verb] if name in shown or shown == ("*",)]
    return Statement(
        verb,
        source,
        head,
        (*scope, *where),
        tuple(name for name in shape["BY"].split(", ") if name),
        draw(_using(shape["USING"])),
        shape["RUNS"] or None,
        shape["STEPS"] or None,
        shape["MISSING"] or None,
        own,
        draw(_orders(ordered)) if "ORDER BY" in shape["ORDER"] else (),
        draw(st.integers(1, 9)) if "LIMIT" in shape["ORDER"] else None,
        draw(st.integers(0, 2)) if "OFFSET" in shape["ORDER"] else None,
    )


@st.composite
def _source(draw: Draw, what: str, runs: str, lakehouse: Lakehouse) -> tuple[Source, tuple[Condition, ...]]:
    """FROM, and the condition that keeps FROM * to this lakehouse."""
    keys: list[Key] = sorted({(row["data_set_id"], row["problem_id"]) for row in lakehouse.observations})
    data_sets = sorted({data_set for data_set, _ in keys})
    if what == "everything":
        return Source("*", list), (_among("data_set_id", data_sets, True),)
    named: list[Key] = [(data_set, None) for data_set in data_sets]
    choices = {"data set": named, "several": named + keys}.get(what, keys)
    chosen = draw(st.lists(st.sampled_from(choices), min_size=1, max_size=3 if what == "several" else 1))
    mine = _those(
        lambda row: any(row["data_set_id"] == one and other in (None, row["problem_id"]) for one, other in chosen)
    )
    if what in ("query", "bare query"):
        return _query(chosen[0], mine, BARE if what == "bare query" else (), runs == "EACH"), ()
    names = [draw(_name(one)) + (f".{draw(_name(other))}" if other else "") for one, other in chosen]
    return Source(", ".join(names), mine), ()


def _those(holds: Callable[[Row], bool]) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [row for row in rows if holds(row)]


def _query(key: Key, mine: Callable[[list[Row]], list[Row]], columns: tuple[str, ...], runs: bool) -> Source:
    """A query with few columns, or with all of them and some unknown times."""
    origin = f"FROM observations WHERE data_set_id = {quoted(key[0])} AND problem_id = {quoted(key[1] or '')}"
    if columns:
        names = (*columns, "run_id") if runs else columns
        return Source(
            f"(SELECT {', '.join(names)} {origin})",
            lambda rows: [{name: row[name] for name in names} for row in mine(rows)],
        )
    select = f"SELECT * REPLACE (nullif(created_at, {_literal(FIRST)}) AS created_at)"
    unknown = {FIRST: None}
    return Source(
        f"({select} {origin})",
        lambda rows: [row | {"created_at": unknown.get(row["created_at"], row["created_at"])} for row in mine(rows)],
    )


def _name(name: str) -> st.SearchStrategy[str]:
    plain = [name] if name.isidentifier() and name.isascii() else []
    return st.sampled_from([quoted(name), quoted(name, '"'), *plain])


@st.composite
def _where(draw: Draw, about: str, lakehouse: Lakehouse) -> tuple[Condition, ...]:
    """One or two conditions; what is compared occurs in the lakehouse."""
    columns = {
        "problem": ("problem_id", "data_set_id"),
        "context": ("run_id", "environment_id", "git_commit_hash", "researcher_name"),
        "time": ("created_at",),
        "cell": ("implementation_id", "test_id", "step_id"),
        "response": ("output", "response_kind", "operation", "implementation_hash"),
    }[about]
    condition = st.sampled_from(columns).flatmap(lambda name: _condition(name, lakehouse))
    return tuple(draw(condition) for _ in range(draw(st.sampled_from((1, 1, 2)))))


@st.composite
def _condition(draw: Draw, column: str, lakehouse: Lakehouse) -> Condition:
    kinds = ("VALUE", "NULL", "EXCEPTION", "REF", "NA")
    values = kinds if column == "response_kind" else [row[column] for row in lakehouse.observations]
    known = sorted({value for value in values if value is not None}) or ["?" if column != "created_at" else None]
    value, on_problem = draw(st.sampled_from(known)), column in ("data_set_id", "problem_id")
    if value is None:
        return Condition(f"{column} IS NULL", lambda row: row[column] is None)
    forms: dict[str, Callable[[Any], bool]] = {
        f"{column} <> {_literal(value)}": lambda found: found is not None and found != value,
        f"{column} >= {_literal(value)}": lambda found: found is not None and found >= value,
        f"({column} IS NULL OR {column} < {_literal(value)})": lambda found: found is None or found < value,
        f"({column} IS NULL OR {column} <> {_literal(value)})": lambda found: found is None or found != value,
        f"{column} IS NOT DISTINCT FROM {_literal(value)}": lambda found: found == value,
    }
    text = draw(st.sampled_from(sorted(forms)))
    return Condition(text, lambda row: forms[text](row[column]), on_problem)


def _among(column: str, values: list[str], on_problem: bool) -> Condition:
    return Condition(f"{column} IN ({', '.join(map(quoted, values))})", lambda row: row[column] in values, on_problem)


def _literal(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    return quoted(value) if isinstance(value, str) else f"TIMESTAMP '{value}'"


def usings() -> st.SearchStrategy[Using]:
    """Any equality."""
    exceptions = st.sampled_from((None, "TYPE", "MESSAGE", "ANY"))
    digits = st.one_of(st.none(), st.integers(1, 5), st.sampled_from((17, 1000)))
    paths = st.lists(st.sampled_from(PATHS), max_size=3, unique=True).map(tuple)
    by_value = st.builds(
        Using, st.sampled_from((None, "CANONICAL")), exceptions, digits, st.booleans(), st.booleans(), paths
    )
    return st.one_of(by_value, by_value, by_value, st.builds(Using, st.just("EXACT"), exceptions))


def _using(what: str) -> st.SearchStrategy[Using]:
    using = USING[what]
    if what.endswith("EXCEPTIONS"):
        return st.builds(Using, st.just(using.base), st.sampled_from(("TYPE", "MESSAGE", "ANY")))
    if what == "DIGITS":
        return st.builds(Using, digits=st.sampled_from((1, 2, 6, 7, 17, 400)))
    if what == "IGNORE":
        paths = st.lists(st.sampled_from(PATHS), min_size=1, max_size=2, unique=True)
        return st.builds(Using, ignore=paths.map(tuple))
    return st.just(using)


def _orders(columns: list[str]) -> st.SearchStrategy[tuple[Order, ...]]:
    one = st.builds(Order, st.sampled_from(columns or ["problem_id"]), st.booleans(), st.booleans())
    return st.lists(one, min_size=1, max_size=2, unique_by=lambda order: order.column).map(tuple)
