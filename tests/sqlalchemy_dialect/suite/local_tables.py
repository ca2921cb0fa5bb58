"""Tables for a suite that creates its own, although the store has no CREATE TABLE.

Statements that create, fill or drop a table run in a DuckDB database of this process. A query goes to the server with
the tables that it names as common table expressions, so that queries and types pass compiler, driver and server.
"""

import re
from typing import Any

import duckdb

from srcql_client.sqlalchemy_dialect import SrcqlDialect

LOCAL = duckdb.connect()
FOREIGN_KEY = re.compile(r",\s*FOREIGN KEY ?\([^)]*\) REFERENCES \w+ ?\([^)]*\)")
WRITES = ("CREATE", "DROP", "INSERT", "UPDATE", "DELETE", "ALTER", "COMMENT", "TRUNCATE")


class LocalTables(SrcqlDialect):
    """Our dialect with the tables of the suite."""

    supports_statement_cache = True

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        if statement.lstrip().upper().startswith(WRITES):
            run_locally(statement, parameters)
        else:
            cursor.execute(with_tables(statement), parameters)

    def do_execute_no_params(self, cursor: Any, statement: str, context: Any = None) -> None:
        self.do_execute(cursor, statement, ())

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        for row in parameters:
            run_locally(statement, row)

    def has_table(self, connection: Any, table_name: str, schema: str | None = None, **options: Any) -> bool:
        return table_name in names()

    def get_table_names(self, connection: Any, schema: str | None = None, **options: Any) -> list[str]:
        return names()

    def get_view_names(self, connection: Any, schema: str | None = None, **options: Any) -> list[str]:
        return []


def run_locally(statement: str, parameters: Any) -> None:
    statement = FOREIGN_KEY.sub("", statement)  # DuckDB does not delete referenced rows
    try:
        if re.search(r"\bRETURNING\b", statement):
            raise duckdb.NotImplementedException("RETURNING is not supported")
        with LOCAL.cursor() as connection:
            connection.execute(statement, list(parameters or ())).fetchall()
    except duckdb.Error as error:
        raise SrcqlDialect.import_dbapi().IntegrityError(str(error), status_code=8) from error


def names() -> list[str]:
    with LOCAL.cursor() as connection:
        return [name for (name,) in connection.sql("SELECT table_name FROM duckdb_tables() ORDER BY ALL").fetchall()]


def with_tables(statement: str) -> str:
    """Return a query with the tables that it names."""
    words = set(re.findall(r"\w+", statement))
    named = ", ".join(
        f"{quoted(name)} AS ({table(name)})" for name in names() if set(re.findall(r"\w+", name)) <= words
    )
    if not named:
        return statement
    begun = re.match(r"\s*WITH(\s+RECURSIVE)?\b", statement, re.IGNORECASE)
    if begun:
        return f"{begun[0]} {named}, {statement[begun.end() :]}"
    return f"WITH {named} {statement}"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def table(name: str) -> str:
    """Return a query of the rows of a local table."""
    with LOCAL.cursor() as connection:
        kept = connection.table(quoted(name))
        columns = [quoted(column) for column in kept.columns]
        kinds = [str(kind) for kind in kept.types]
        texts = ", ".join(f"CAST({column} AS VARCHAR)" for column in columns)
        rows = connection.sql(f"SELECT {texts} FROM {quoted(name)}").fetchall()
    cast = ", ".join(
        f"CAST(c{n} AS {kind}) AS {column}" for n, (column, kind) in enumerate(zip(columns, kinds, strict=True))
    )
    values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows or [(None,) * len(columns)])
    places = ", ".join(f"c{n}" for n in range(len(columns)))
    return f"SELECT {cast} FROM (VALUES {values}) AS local_rows({places}){'' if rows else ' WHERE false'}"


def literal(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"
