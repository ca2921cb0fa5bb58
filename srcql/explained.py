"""EXPLAIN: what a query would do, or what it cost, instead of its rows.

    EXPLAIN [ANALYZE] verb … | EXPLAIN [ANALYZE] SELECT …

sqlglot takes it for a raw command, so its query is read as a text of its own, in which every place stays what it was.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from srcql.errors import InvalidQuery, SrcqlError, Unsupported

WORD = re.compile(r"\bEXPLAIN\b", re.IGNORECASE)
OPTIONS = ("ANALYZE", "FORMAT")
WIDTH = 100
DEFINED_BY = ((TokenType.ALIAS, TokenType.L_PAREN), (TokenType.ALIAS, TokenType.NOT))  # a name: AS (, AS NOT …
FORM = "EXPLAIN query, or EXPLAIN ANALYZE query, which runs it"


@dataclass(frozen=True)
class Explained:
    """A query that is to be explained; `analyze` when it shall run."""

    query: str
    analyze: bool = False


def explained(text: str) -> Explained | None:
    """The query that a text asks to explain, with blanks for the words before it; None for any other statement.

    Raises Unsupported for options, and InvalidQuery where no query follows, with the place in the text.

    >>> explained("EXPLAIN CLUSTER FROM MBPP")
    Explained(query='        CLUSTER FROM MBPP', analyze=False)
    >>> explained("EXPLAIN ANALYZE CLUSTER FROM MBPP")
    Explained(query='                CLUSTER FROM MBPP', analyze=True)
    """
    first = tokens(text)[:1] if WORD.search(text) else []
    if not first or first[0].text.upper() != "EXPLAIN" or first[0].token_type is not TokenType.COMMAND:
        return None
    query = _blanked(text, first[0])
    after = tokens(query)
    analyze = bool(after) and after[0].text.upper() == "ANALYZE"
    if analyze:
        query = _blanked(query, after[0])
    _check_query(text, tokens(query))
    return Explained(query, analyze)


def _blanked(text: str, token: Token) -> str:
    return text[: token.start] + " " * (token.end + 1 - token.start) + text[token.end + 1 :]


def _check_query(text: str, after: list[Token]) -> None:
    wrapped = len(after) > 1 and after[0].token_type is TokenType.L_PAREN and after[1].text.upper() in OPTIONS
    if wrapped:
        raise _refused("EXPLAIN takes no options", text, after[1])
    if after and after[0].text.upper() in ("EXPLAIN", "ANALYZE"):
        raise _refused(f"{after[0].text.upper()} is given twice", text, after[0])
    if not after or after[0].token_type is TokenType.SEMICOLON:
        end = len(text.rstrip("; \n\t\r"))
        message = "expected a query after EXPLAIN, found the end of the statement"
        raise InvalidQuery(message, text=text, span=(end, end + 1), hint=FORM)


def _refused(message: str, text: str, token: Token) -> SrcqlError:
    return Unsupported(message, text=text, span=(token.start, token.end + 1), hint=FORM)


def lines(sql: str) -> list[str]:
    """SQL in lines to read: one for each common table expression, and broken at blanks where it is longer.

    >>> lines("WITH a AS (SELECT 1), b AS (SELECT " + "size, " * 15 + "share FROM a) SELECT * FROM b")
    ['WITH', 'a AS (SELECT 1),', \
'b AS (SELECT size, size, size, size, size, size, size, size, size, size, size, size, size, size,', \
'size, share FROM a) SELECT * FROM b']
    """
    found = tokens(sql)
    following = zip(found, found[1:], found[2:], strict=False)
    definitions = {token.start for token, *after in following if _types(after) in DEFINED_BY}
    cuts = [token.start for token in found if sql[token.start - 1 : token.start] == " "]
    written, width = "", 0
    for start, end in pairwise([0, *cuts, len(sql)]):
        words = sql[start:end]
        if written and (start in definitions or width + len(words.rstrip()) > WIDTH):
            written, width = written.rstrip() + "\n", 0
        written += words
        width = len(words) - words.rfind("\n") - 1 if "\n" in words else width + len(words)
    return written.split("\n")


def _types(found: Iterable[Token]) -> tuple[TokenType, ...]:
    return tuple(token.token_type for token in found)


def tokens(text: str) -> list[Token]:
    """The tokens of a text; none where it has none that can be read."""
    try:
        return DuckDB().tokenize(text)
    except TokenError:
        return []
