"""The tokens of a text, as DuckDB's dialect reads them."""

from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text; none where the text cannot be tokenized, for instance with an open quote.

    >>> [token.text for token in tokenize("FROM MBPP")], tokenize("FROM 'MBPP")
    (['FROM', 'MBPP'], [])
    """
    try:
        return DuckDB().tokenize(text)
    except TokenError:
        return []
