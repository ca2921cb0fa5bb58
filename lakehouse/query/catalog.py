"""The catalog `lakehouse` of the tables and views, and where DuckDB keeps what it contains.

Each statement has its own views, so they are temporary, and DuckDB keeps these in its catalog `temp`. A qualified name
is therefore replaced before the statement is compiled, by a text of the same length: positions stay as they are.
"""

import re
from collections.abc import Iterator

import duckdb
from sqlglot.tokenizer_core import Token

from srcql.sql import literal
from srcql.tokens import tokenize

CATALOG = "lakehouse"
DB_SCHEMA = "main"
INFORMATION_SCHEMA = "information_schema"
INFORMATION_TABLES = ("columns", "schemata", "tables")  # `views` would reveal the paths of files
LISTING = "listing"  # a schema of views that show the catalog under its name
ALL_TABLES = "all_tables"
REPLACED = {
    (CATALOG, DB_SCHEMA): "temp.main.",
    (CATALOG, INFORMATION_SCHEMA): f"memory.{LISTING}.",
    (INFORMATION_SCHEMA,): f"memory.{LISTING}.",
}
WHOLE = {  # statements without other words
    **dict.fromkeys(("SHOW ALL TABLES", "SHOW", "DESCRIBE"), f"FROM memory.{LISTING}.{ALL_TABLES}"),
    **dict.fromkeys(("SHOW TABLES FROM MAIN", "SHOW TABLES FROM LAKEHOUSE . MAIN"), "SHOW TABLES"),
    "SHOW SCHEMAS": f"SELECT {literal(CATALOG)} AS database_name, {literal(DB_SCHEMA)} AS schema_name, true AS current",
    "SHOW DATABASES": f"SELECT {literal(CATALOG)} AS database_name",
}
CANDIDATE = re.compile(rf"{CATALOG}|{INFORMATION_SCHEMA}|SHOW|DESCRIBE", re.IGNORECASE)


def define_catalog(connection: duckdb.DuckDBPyConnection) -> None:
    """Define what all statements share: the lists of `information_schema`, and the name of the current catalog."""
    for function in ("current_database", "current_catalog"):
        connection.execute(f"CREATE MACRO {function}() AS {literal(CATALOG)}")
    connection.execute(f"CREATE SCHEMA {LISTING}")
    for name in INFORMATION_TABLES:
        column = "catalog_name" if name == "schemata" else "table_catalog"
        _define_list(connection, name, column, f"system.{INFORMATION_SCHEMA}.{name}")
    _define_list(connection, ALL_TABLES, "database", "(SHOW ALL TABLES)")


def _define_list(connection: duckdb.DuckDBPyConnection, name: str, column: str, rows: str) -> None:
    connection.execute(
        f"CREATE VIEW {LISTING}.{name} AS SELECT * REPLACE ({literal(CATALOG)} AS {column})"
        f" FROM {rows} WHERE {column} = 'temp'"
    )


def with_local_names(text: str) -> str:
    """Return a statement with the names by which DuckDB finds the tables, each at the place it had.

    >>> with_local_names('SELECT lakehouse.main.runs.run_id FROM "lakehouse"."main".runs')
    'SELECT temp.main.     runs.run_id FROM temp.main.         runs'
    """
    tokens = tokenize(text) if CANDIDATE.search(text) else []
    if whole := WHOLE.get(" ".join(token.text.upper() for token in tokens).removesuffix(" ;")):
        return whole
    for start, end, local in _qualifiers(tokens):
        text = text[:start] + local.ljust(end - start) + text[end:]
    return text


def _qualifiers(tokens: list[Token]) -> Iterator[tuple[int, int, str]]:
    """Yield the place of each qualifier of a name, with its last dot, and its replacement."""
    words = [token.text.lower() for token in tokens]
    for number, token in enumerate(tokens):
        if words[number - 1 : number] == ["."]:
            continue
        for names, local in REPLACED.items():
            pattern = [part for name in names for part in (name, ".")]
            last = number + len(pattern)
            if words[number:last] == pattern:
                yield token.start, tokens[last - 1].end + 1, local
