"""SQL as text: the few forms that lowered verbs are written with."""

from collections.abc import Iterable

from srcql.schema import OBSERVATIONS

PLAIN = {column.name for column in OBSERVATIONS.columns}
STEP_KEY = ("data_set_id", "problem_id", "implementation_id", "test_id", "step_id")


def literal(text: str) -> str:
    """A text.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def identifier(column: str) -> str:
    """A column: those of the schema and the language's own stand bare, all others quoted.

    >>> identifier("run_id"), identifier("__key"), identifier('odd"name')
    ('run_id', '__key', '"odd""name"')
    """
    return column if column in PLAIN or column.startswith("__") else quoted(column)


def quoted(name: str) -> str:
    """Any name.

    >>> print(quoted('odd"name'))
    "odd""name"
    """
    return '"' + name.replace('"', '""') + '"'


def listed(columns: Iterable[str], of: str = "") -> str:
    """Columns, each once, of one relation.

    >>> listed(["test_id", "step_id", "test_id"], of="c")
    'c.test_id, c.step_id'
    """
    prefix = f"{of}." if of else ""
    return ", ".join(prefix + identifier(column) for column in dict.fromkeys(columns))


def same(left: str, right: str, columns: Iterable[str]) -> str:
    """That two relations agree in these columns, where NULL is a value.

    >>> same("a", "b", ["test_id", "run_id"])
    'a.test_id = b.test_id AND a.run_id IS NOT DISTINCT FROM b.run_id'
    """
    equals = {column: "=" if column in STEP_KEY else "IS NOT DISTINCT FROM" for column in columns}
    return " AND ".join(
        f"{left}.{identifier(column)} {equal} {right}.{identifier(column)}" for column, equal in equals.items()
    )


def greatest_first(columns: Iterable[str]) -> str:
    """The order that puts the greatest row first, NULL being least.

    >>> greatest_first(["created_at", "output"])
    'ORDER BY created_at DESC NULLS LAST, output DESC NULLS LAST'
    """
    return "ORDER BY " + ", ".join(f"{identifier(column)} DESC NULLS LAST" for column in dict.fromkeys(columns))
