"""AT in plain SQL: a view replaces the table under the user's name for it, and all other text is unchanged."""

import pytest

from srcql.clauses.at import At
from srcql.compiler import compile, transpile
from srcql.errors import InvalidQuery, Unsupported
from srcql.resolver import Standalone


class Remembering(Standalone):
    """A store with past snapshots of observations and tests; it records the requests."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, At]] = []

    def table(self, name: str, at: At) -> str | None:
        self.asked.append((name, at))
        return f"__{name}_1" if name.lower() in ("observations", "tests") else None


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("FROM observations AT (VERSION => 1)", 'FROM __observations_1  AS "observations"'),
        ("FROM  Observations  at(version=>1)  o", "FROM  __Observations_1     o"),
        ("FROM observations AS o (a, b) AT (VERSION => 1) -- é", "FROM __observations_1 AS o (a, b)   -- é"),
        ("FROM o: observations AT (VERSION => 1), t", "FROM o: __observations_1  , t"),
        ("FROM é JOIN tests/**/AT(VERSION => 1)JOIN u", 'FROM é JOIN __tests_1/**/ AS "tests"JOIN u'),
        ("SUMMARIZE observations AT (VERSION => 1)", "SUMMARIZE __observations_1  "),
        ("WITH observations AS (FROM tests) FROM observations AT (VERSION => 1)", None),
        ("FROM other.observations AT (VERSION => 1)", None),
        ("FROM mine AT (VERSION => 1)", None),
        ("SELECT at FROM t AS at (x) WHERE created_at AT TIME ZONE 'UTC' > 'AT (VERSION => 1)'", None),
    ],
)
def test_only_the_table_and_its_clause_are_replaced(text: str, sql: str | None) -> None:
    compiled = compile(text, Remembering())
    assert compiled.sql == (sql or text)
    assert compiled.verbs == 0


def test_the_text_is_unchanged_without_a_store() -> None:
    text = "SELECT * FROM observations AS o AT (VERSION => 1)"
    assert compile(text).sql == transpile(text) == text
    with pytest.raises(Unsupported, match="AT needs a lakehouse"):
        transpile("CLUSTER FROM MBPP AT (VERSION => 1)")


def test_positions_after_a_longer_name() -> None:
    text = "SELECT a FROM tests AT (VERSION => 1) WHERE b = 1"
    compiled = compile(text, Remembering())
    assert compiled.locate(compiled.sql.index("b = 1")) == text.index("b = 1")
    view = compiled.sql.index("__tests_1")
    assert [compiled.locate(view), compiled.locate(view + 8)] == [14, 18]


def test_inside_a_verb_and_in_its_conditions() -> None:
    resolver = Remembering()
    text = "CLUSTER FROM (FROM observations AT (VERSION => 7)) WHERE test_id IN (SELECT test_id FROM tests t AT ({}))"
    sql = compile(text.format("TIMESTAMP => '2026-01-02 03:04:05.5+01:30'"), resolver).sql
    assert '(FROM __observations_1  AS "observations")' in sql
    assert "(SELECT test_id FROM __tests_1 t  )" in sql
    assert [(name, str(at)) for name, at in resolver.asked] == [
        ("observations", "VERSION => 7"),
        ("tests", "TIMESTAMP => '2026-01-02 01:34:05.500000'"),
    ]


def test_reserved_names_are_rejected_beside_at() -> None:
    with pytest.raises(InvalidQuery, match="__observations_1 is a reserved name"):
        compile("FROM observations AT (VERSION => 1), __observations_1", Remembering())
