"""EXPLAIN: what a query would do, instead of its rows.

    EXPLAIN verb … | EXPLAIN SELECT …

sqlglot takes it for a raw command, so its query is read as a text of its own, in which every place stays what it was.
"""

import re

from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from srcql.errors import SrcqlError, Unsupported

WORD = re.compile(r"\bEXPLAIN\b", re.IGNORECASE)
OPTIONS = ("ANALYZE", "FORMAT")


def explained(text: str) -> str | None:
    """The query that a text asks to explain, with blanks for EXPLAIN; None for any other statement.

    Raises Unsupported for ANALYZE and for options, with the place in the text.

    >>> explained("EXPLAIN CLUSTER FROM MBPP")
    '        CLUSTER FROM MBPP'
    """
    first = _tokens(text)[:1] if WORD.search(text) else []
    if not first or first[0].text.upper() != "EXPLAIN" or first[0].token_type is not TokenType.COMMAND:
        return None
    start, end = first[0].start, first[0].end + 1
    query = text[:start] + " " * (end - start) + text[end:]
    _refuse_options(text, _tokens(query))
    return query


def _refuse_options(text: str, tokens: list[Token]) -> None:
    wrapped = len(tokens) > 1 and tokens[0].token_type is TokenType.L_PAREN and tokens[1].text.upper() in OPTIONS
    if wrapped:
        raise _refused("EXPLAIN takes no options", text, tokens[1], "EXPLAIN is followed by a query")
    if tokens and tokens[0].text.upper() == "EXPLAIN":
        raise _refused("EXPLAIN is given twice", text, tokens[0], "EXPLAIN is followed by a query")
    if tokens and tokens[0].text.upper() == "ANALYZE":
        raise _refused("EXPLAIN ANALYZE is not available yet", text, tokens[0], "EXPLAIN alone does not run the query")


def _refused(message: str, text: str, token: Token, hint: str) -> SrcqlError:
    return Unsupported(message, text=text, span=(token.start, token.end + 1), hint=hint)


def _tokens(text: str) -> list[Token]:
    try:
        return DuckDB().tokenize(text)
    except TokenError:
        return []
