"""Pieces of SQL text for lowered verbs."""

from collections.abc import Iterable

from srcql.schema import OBSERVATIONS

PLAIN = {column.name for column in OBSERVATIONS.columns}
STEP_KEY = ("data_set_id", "problem_id", "implementation_id", "test_id", "step_id")


def literal(text: str) -> str:
    """Return a string literal.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def identifier(column: str) -> str:
    """Return a column name: unquoted for those of the schema and the language's own, else quoted.

    >>> identifier("run_id"), identifier("__key"), identifier('odd"name')
    ('run_id', '__key', '"odd""name"')
    """
    return column if column in PLAIN or column.startswith("__") else quoted(column)


def quoted(name: str) -> str:
    """Return a quoted name.

    >>> print(quoted('odd"name'))
    "odd""name"
    """
    return '"' + name.replace('"', '""') + '"'


def listed(columns: Iterable[str], of: str = "") -> str:
    """Return a list of columns of one relation, each once.

    >>> listed(["test_id", "step_id", "test_id"], of="c")
    'c.test_id, c.step_id'
    """
    prefix = f"{of}." if of else ""
    return ", ".join(prefix + identifier(column) for column in dict.fromkeys(columns))


def same(left: str, right: str, columns: Iterable[str]) -> str:
    """Return the condition that two relations have equal columns; NULL equals NULL.

    >>> same("a", "b", ["test_id", "run_id"])
    'a.test_id = b.test_id AND a.run_id IS NOT DISTINCT FROM b.run_id'
    """
    equals = {column: "=" if column in STEP_KEY else "IS NOT DISTINCT FROM" for column in columns}
    return " AND ".join(
        f"{left}.{identifier(column)} {equal} {right}.{identifier(column)}" for column, equal in equals.items()
    )


def greatest_first(columns: Iterable[str]) -> str:
    """Return the order with the greatest row first; NULL is least.

    >>> greatest_first(["created_at", "output"])
    'ORDER BY created_at DESC NULLS LAST, output DESC NULLS LAST'
    """
    return "ORDER BY " + ", ".join(f"{identifier(column)} DESC NULLS LAST" for column in dict.fromkeys(columns))
