"""Syntax errors: a hint for a mistyped keyword, a misplaced verb or an incomplete statement."""

import difflib
import re

from srcql.clauses.reader import Span
from srcql.errors import InvalidQuery
from srcql.verbs import VERBS

KEYWORDS = re.findall(
    r"\w+",
    """SELECT DISTINCT FROM WHERE GROUP HAVING QUALIFY ORDER PARTITION OVER LIMIT OFFSET WITH VALUES EXPLAIN
    JOIN CROSS INNER OUTER LEFT RIGHT USING UNION EXCEPT INTERSECT BETWEEN EXISTS CASE WHEN THEN ELSE""",
)
WORD_BEFORE = re.compile(r"(\w+)\s+\Z")
QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/""", re.DOTALL)


def syntax_error(found: str, sql: str, span: Span) -> InvalidQuery:
    """Return the error for the first word that DuckDB cannot parse; the word before it may be the mistyped one."""
    before = WORD_BEFORE.search(sql, 0, span[0])
    for word, place in ((found, span), (before[1], before.span(1)) if before else ("", span)):
        if near := _similar_keyword(word):
            return InvalidQuery(f"syntax error at {word}", span=place, hint=f"did you mean {near}?")
    if not QUOTED.sub("", sql[: span[0]]).strip("( \n\t\r"):
        hint = "start with SELECT, FROM, WITH, VALUES or a verb, such as CLUSTER FROM data_set"
        return InvalidQuery(f"expected a query, found {found}", span=span, hint=hint)
    if found.upper() in VERBS:
        hint = f"put the verb in parentheses: ({found} FROM …)"
        return InvalidQuery(f"syntax error at {found}", span=span, hint=hint)
    if before and before[1].upper() in ("ORDER", "GROUP", "PARTITION"):
        return InvalidQuery(f"expected BY after {before[1]}, found {found}", span=span)
    if sql[span[1] :].strip(" \n\t\r;"):
        return InvalidQuery(f"syntax error at {found}", span=span)
    return _incomplete(found, sql, span)


def _incomplete(found: str, sql: str, span: Span) -> InvalidQuery:
    plain = QUOTED.sub("", sql)
    hint = "add the missing )" if plain.count("(") > plain.count(")") else "complete the statement"
    return InvalidQuery(f"syntax error at or after {found}", span=span, hint=hint)


def _similar_keyword(word: str) -> str | None:
    """Return the keyword that a word resembles; None for a keyword or a short word."""
    known = [*VERBS, *KEYWORDS]
    if word.upper() in known or len(word) < 3:
        return None
    return next(iter(difflib.get_close_matches(word.upper(), known, n=1, cutoff=0.75)), None)
