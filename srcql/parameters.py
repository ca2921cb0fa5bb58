"""Parameters of a statement: each `?` gets its number, for a part of the text may be asked alone, or stand twice."""

from itertools import count

from sqlglot.dialects.duckdb import DuckDB
from sqlglot.tokenizer_core import TokenType

from srcql.errors import InvalidQuery

PLACEHOLDER = "?"


def numbered(text: str) -> dict[int, str]:
    """Where each `?` stands in a text, and what stands for it: `$n`.

    Raises InvalidQuery where the text numbers or names others itself.

    >>> numbered("SELECT ?, '?', ?")
    {7: '$1', 15: '$2'}
    """
    if PLACEHOLDER not in text:
        return {}
    numbers, found = count(1), {}
    tokens = DuckDB().tokenize(text)
    for token in tokens:
        if token.token_type is TokenType.PLACEHOLDER:
            found[token.start] = f"${next(numbers)}"
    own = next((token for token in tokens if token.token_type is TokenType.PARAMETER and token.text == "$"), None)
    if found and own:
        span = (own.start, own.end + 1)
        raise InvalidQuery("parameters are written ? or $1, not both", text=text, span=span)
    return found
