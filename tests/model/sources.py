"""Strategies for the operand of FROM."""

from collections.abc import Callable

from hypothesis import strategies as st

from tests.model.answer import answer
from tests.model.cubes import FIRST, Draw
from tests.model.statement import Condition, Lakehouse, Row, Source, Statement, literal, quoted

Key = tuple[str, str | None]  # a data set, and a problem or None
BARE = ("data_set_id", "problem_id", "implementation_id", "test_id", "step_id", "output")


@st.composite
def sources(
    draw: Draw, what: str, one_problem: bool, every_run: bool, added: tuple[str, ...], lakehouse: Lakehouse
) -> tuple[Source, tuple[Condition, ...]]:
    """Draw FROM, and the condition that limits FROM * to this lakehouse; `added`: more columns of a short query.

    `every_run`: a verb in FROM shows all runs.
    """
    keys: list[Key] = sorted({(row["data_set_id"], row["problem_id"]) for row in lakehouse.observations})
    data_sets = sorted({data_set for data_set, _ in keys})
    if what == "everything":
        within = Condition(
            f"data_set_id IN ({', '.join(map(quoted, data_sets))})", lambda row: row["data_set_id"] in data_sets, True
        )
        return Source("*", list), (within,)
    named = [] if one_problem or what == "query" else [(data_set, None) for data_set in data_sets]
    few = st.lists(st.sampled_from(keys + named), min_size=1, max_size=3 if named else 1)
    chosen = draw(few)
    mine = _those(
        lambda row: any(row["data_set_id"] == one and other in (None, row["problem_id"]) for one, other in chosen)
    )
    if what == "query":
        return _query(chosen[0], mine, (*BARE, *added) if draw(st.booleans()) else ()), ()
    names = [draw(_name(one)) + (f".{draw(_name(other))}" if other else "") for one, other in chosen]
    source = Source(", ".join(names), mine)
    return (draw(_verb(source, every_run)) if what == "verb" else source), ()


def _those(holds: Callable[[Row], bool]) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [row for row in rows if holds(row)]


def _query(key: Key, mine: Callable[[list[Row]], list[Row]], columns: tuple[str, ...]) -> Source:
    """Draw a query with few columns, or with all columns and some unknown times."""
    origin = f"FROM observations WHERE data_set_id = {quoted(key[0])} AND problem_id = {quoted(key[1] or '')}"
    if columns:
        return Source(
            f"(SELECT {', '.join(columns)} {origin})",
            lambda rows: [{name: row[name] for name in columns} for row in mine(rows)],
        )
    select = f"SELECT * REPLACE (nullif(created_at, {literal(FIRST)}) AS created_at)"
    unknown = {FIRST: None}
    return Source(
        f"({select} {origin})",
        lambda rows: [row | {"created_at": unknown.get(row["created_at"], row["created_at"])} for row in mine(rows)],
    )


@st.composite
def _verb(draw: Draw, source: Source, every_run: bool) -> Source:
    """Draw a SLICE over the rows, with clauses of its own."""
    by = ("run_id",) if every_run else ()
    slice_ = Statement(
        "SLICE",
        source,
        draw(st.sampled_from((("*",), ("*",), ()))),
        where=draw(st.sampled_from(((), (Condition("step_id < 2", lambda row: row["step_id"] < 2),)))),
        by=by,
        runs=None if by else draw(st.sampled_from((None, "EACH", "EACH", "STABLE"))),
        steps=draw(st.sampled_from((None, None, "EXCEPT CREATE", "LAST"))),
        missing=draw(st.sampled_from((None, None, "DROP TESTS"))),
        own=draw(st.sampled_from(((), ("WITH SPECIFIED",)))),
    )

    def rows(observations: list[Row]) -> list[Row]:
        found = answer(slice_, Lakehouse(observations))
        return [row | _specified(row) for row in found]

    return Source(f"({slice_.text})", rows)


def _specified(row: Row) -> Row:
    """Mark rows as specified by either column."""
    said = [row[name] for name in ("specified_oracle", "specified") if row.get(name) is not None]
    return {"specified_oracle": any(said) if said else None}


def _name(name: str) -> st.SearchStrategy[str]:
    plain = [name] if name.isidentifier() and name.isascii() else []
    return st.sampled_from([quoted(name), quoted(name, '"'), *plain])
