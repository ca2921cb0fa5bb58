"""EXPLAIN: show the plan of a query, or its cost, instead of its rows.

    EXPLAIN [ANALYZE] verb … | EXPLAIN [ANALYZE] SELECT …

sqlglot reads EXPLAIN as a raw command. So its query is read as a text of its own, padded with blanks: an offset in it
is the same offset in the statement.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from sqlglot.tokenizer_core import Token, TokenType

from srcql.errors import InvalidQuery, Unsupported
from srcql.tokens import tokenize

WORD = re.compile(r"\bEXPLAIN\b", re.IGNORECASE)
OPTIONS = ("ANALYZE", "FORMAT")
WIDTH = 100
DEFINED_BY = ((TokenType.ALIAS, TokenType.L_PAREN), (TokenType.ALIAS, TokenType.NOT))  # a name: AS (, AS NOT …
FORM = "use EXPLAIN query, or EXPLAIN ANALYZE query to run it"


@dataclass(frozen=True)
class Explain:
    """A query to explain; with `analyze` it runs."""

    query: str
    analyze: bool = False


def parse_explain(text: str) -> Explain | None:
    """Return the query of an EXPLAIN statement, padded with blanks; None for any other statement.

    Raises Unsupported for options, and InvalidQuery where no query follows, with the place in the text.

    >>> parse_explain("EXPLAIN CLUSTER FROM MBPP")
    Explain(query='        CLUSTER FROM MBPP', analyze=False)
    >>> parse_explain("EXPLAIN ANALYZE CLUSTER FROM MBPP")
    Explain(query='                CLUSTER FROM MBPP', analyze=True)
    """
    first = tokenize(text)[:1] if WORD.search(text) else []
    if not first or first[0].text.upper() != "EXPLAIN" or first[0].token_type is not TokenType.COMMAND:
        return None
    query = _blank_out(text, first[0])
    after = tokenize(query)
    analyze = bool(after) and after[0].text.upper() == "ANALYZE"
    if analyze:
        query = _blank_out(query, after[0])
    _check_query(text, tokenize(query))
    return Explain(query, analyze)


def _blank_out(text: str, token: Token) -> str:
    return text[: token.start] + " " * (token.end + 1 - token.start) + text[token.end + 1 :]


def _check_query(text: str, after: list[Token]) -> None:
    wrapped = len(after) > 1 and after[0].token_type is TokenType.L_PAREN and after[1].text.upper() in OPTIONS
    if wrapped:
        raise _unsupported("EXPLAIN takes no options", text, after[1])
    if after and after[0].text.upper() in ("EXPLAIN", "ANALYZE"):
        raise _unsupported(f"duplicate {after[0].text.upper()}", text, after[0])
    if not after or after[0].token_type is TokenType.SEMICOLON:
        end = len(text.rstrip("; \n\t\r"))
        message = "expected a query after EXPLAIN, found the end of the statement"
        raise InvalidQuery(message, text=text, span=(end, end + 1), hint=FORM)


def _unsupported(message: str, text: str, token: Token) -> Unsupported:
    return Unsupported(message, text=text, span=(token.start, token.end + 1), hint=FORM)


def lines(sql: str) -> list[str]:
    """Split SQL into lines to read: one for each common table expression; longer ones break at blanks.

    >>> lines("WITH a AS (SELECT 1), b AS (SELECT " + "size, " * 15 + "share FROM a) SELECT * FROM b")
    ['WITH', 'a AS (SELECT 1),', \
'b AS (SELECT size, size, size, size, size, size, size, size, size, size, size, size, size, size,', \
'size, share FROM a) SELECT * FROM b']
    """
    found = tokenize(sql)
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


def _types(tokens: Iterable[Token]) -> tuple[TokenType, ...]:
    return tuple(token.token_type for token in tokens)
