"""Draws statements: a shape says which clauses meet, the rest is drawn."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.model.cubes import FIRST, Draw
from tests.model.pairs import Choice, Pair, Shape, covering
from tests.model.statement import Condition, Every, Lakehouse, Order, Path, Row, Source, Statement, Using, quoted

FROM = ("data set", "problem", "several", "everything", "query", "bare query")
WHERE = ("", "problem", "context", "time", "cell", "response")
BY = ("", "run_id", "git_commit_hash", "researcher_name, environment_id")
USING = {
    "": Using(),
    "CANONICAL": Using("CANONICAL"),
    "TYPE": Using("CANONICAL", "TYPE"),
    "MESSAGE": Using(exceptions="MESSAGE"),
    "ANY": Using(exceptions="ANY"),
    "EXACT": Using("EXACT"),
    "EXACT TYPE": Using("EXACT", "TYPE"),
    "EXACT MESSAGE": Using("EXACT", "MESSAGE"),
    "EXACT ANY": Using("EXACT", "ANY"),
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
    "SLICE": [frozenset({("HEAD", "*"), ("BY", by)}) for by in BY if by],
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
DEFAULT = ("output", "implementation_id")  # of the columns that SLICE shows when nothing is said
BARE = ("data_set_id", "problem_id", "implementation_id", "test_id", "step_id", "output")


def shapes(verb: str, without: frozenset[Choice] = frozenset()) -> list[Shape]:
    """Shapes of a verb in which all choices meet pairwise, but for those that are left out."""
    factors = {
        name: [value for value in values if (name, value) not in without] for name, values in FACTORS[verb].items()
    }
    return covering(factors, APART[verb])


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
    keys = sorted({(row["data_set_id"], row["problem_id"]) for row in lakehouse.observations})
    data_sets = sorted({data_set for data_set, _ in keys})
    if what == "everything":
        return Source("*", list), (_among("data_set_id", data_sets, True),)
    if what == "data set":
        data_set = draw(st.sampled_from(data_sets))
        return Source(draw(_name(data_set)), _those(lambda row: row["data_set_id"] == data_set)), ()
    chosen = (
        draw(st.lists(st.sampled_from(keys), min_size=2, max_size=3))
        if what == "several"
        else [draw(st.sampled_from(keys))]
    )
    mine = _those(lambda row: (row["data_set_id"], row["problem_id"]) in chosen)
    if what in ("query", "bare query"):
        return _query(chosen[0], mine, BARE if what == "bare query" else (), runs == "EACH"), ()
    return Source(", ".join(f"{draw(_name(one))}.{draw(_name(other))}" for one, other in chosen), mine), ()


def _those(holds: Callable[[Row], bool]) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [row for row in rows if holds(row)]


def _query(
    key: tuple[str, str], mine: Callable[[list[Row]], list[Row]], columns: tuple[str, ...], runs: bool
) -> Source:
    """A query with few columns, or with all of them and some unknown times."""
    origin = f"FROM observations WHERE data_set_id = {quoted(key[0])} AND problem_id = {quoted(key[1])}"
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


def _using(what: str) -> st.SearchStrategy[Using]:
    using = USING[what]
    if what == "DIGITS":
        return st.builds(Using, digits=st.sampled_from((1, 2, 6, 7, 17, 400)))
    if what == "IGNORE":
        paths = st.lists(st.sampled_from(PATHS), min_size=1, max_size=2, unique=True)
        return st.builds(Using, ignore=paths.map(tuple))
    return st.just(using)


def _orders(columns: list[str]) -> st.SearchStrategy[tuple[Order, ...]]:
    one = st.builds(Order, st.sampled_from(columns or ["problem_id"]), st.booleans(), st.booleans())
    return st.lists(one, min_size=1, max_size=2, unique_by=lambda order: order.column).map(tuple)
