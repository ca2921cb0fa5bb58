"""Reads the clauses of a verb and checks them.

They are read with sqlglot's tokenizer and parser, whose internals move between minor versions. Other packages of an
environment may need an older sqlglot, so its version is checked here, before any of its internals is used.
"""

from importlib.metadata import version

FIRST, END = (30, 30), (31, 0)

_found = version("sqlglot")
if not FIRST <= tuple(map(int, _found.split(".")[:2])) < END:
    _needed = f"sqlglot>={'.'.join(map(str, FIRST))},<{END[0]}"
    raise ImportError(f"the language needs {_needed}, found {_found}", name="sqlglot")
