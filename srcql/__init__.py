"""SRCQL, a query language for observed program behaviour: compiles a text to SQL for an engine.

    text ──parser──▶ verbs, with their places ──clauses──▶ cubes ──lowering, verbs──▶ SQL in place of each verb

>>> import srcql
>>> srcql.compile("SELECT size FROM (CLUSTER FROM MBPP)").sql[:24]
'SELECT size FROM (SELECT'

`import srcql.dialect` registers the language with sqlglot. The modules of this package never import from this one, and
what needs the parser is imported on first use: clients that only need the errors and the schema start faster, and work
without sqlglot.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from srcql.errors import (
    Cancelled,
    ExecutionError,
    Forbidden,
    InvalidData,
    InvalidQuery,
    SrcqlError,
    StoreError,
    TimedOut,
    Unauthenticated,
    Unavailable,
    UnknownName,
    Unsupported,
)
from srcql.schema import TABLES, Column, Role, Table

if TYPE_CHECKING:
    from srcql.clauses.equality import Equality, parse_equality
    from srcql.compiled import Compiled
    from srcql.compiler import compile, transpile

__all__ = [
    "TABLES",
    "Cancelled",
    "Column",
    "Compiled",
    "Equality",
    "ExecutionError",
    "Forbidden",
    "InvalidData",
    "InvalidQuery",
    "Role",
    "SrcqlError",
    "StoreError",
    "Table",
    "TimedOut",
    "Unauthenticated",
    "Unavailable",
    "UnknownName",
    "Unsupported",
    "compile",
    "parse_equality",
    "transpile",
]

_ON_FIRST_USE = {
    "Compiled": "srcql.compiled",
    "Equality": "srcql.clauses.equality",
    "compile": "srcql.compiler",
    "parse_equality": "srcql.clauses.equality",
    "transpile": "srcql.compiler",
}


def __getattr__(name: str) -> object:
    if name not in _ON_FIRST_USE:
        raise AttributeError(f"module 'srcql' has no attribute {name!r}")
    try:
        return getattr(import_module(_ON_FIRST_USE[name]), name)
    except ModuleNotFoundError as error:  # PackageNotFoundError of the check of its version is one, too
        if error.name != "sqlglot":
            raise
        raise ImportError(f"srcql.{name} needs sqlglot: pip install 'srcql[language]'", name="sqlglot") from None
