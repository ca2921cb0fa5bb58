"""The tokens of a text, as DuckDB reads them; sqlglot's tokenizer reads three things otherwise.

A `$` before a number or a name is a parameter, and no `$` later in the text makes it the start of a dollar-quoted text:
`IN ($1,$2)`. Some invisible characters, such as a byte order mark, are white space. Characters of the same length stand
for both while sqlglot reads the text. And CLUSTER BY is no keyword.
"""

import re

from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

PARAMETER = "\x10"
INVISIBLE = "\x1d"  # white space for sqlglot
SIGN = r"(?<![\w$])\$(?=[0-9]|\w+(?![\w$]))"
SPACE = "[\ufeff\u200b-\u200d\u2060]"
READ_OTHERWISE = re.compile(f"{SIGN}|{SPACE}|[{PARAMETER}{INVISIBLE}]")


NO_KEYWORDS = ("CLUSTER BY", "SORT BY", "DISTRIBUTE BY")  # of other dialects: DuckDB reads two words


class _Tokenizer(DuckDB.Tokenizer):
    KEYWORDS = {words: kind for words, kind in DuckDB.Tokenizer.KEYWORDS.items() if words not in NO_KEYWORDS}
    SINGLE_TOKENS = {**DuckDB.Tokenizer.SINGLE_TOKENS, PARAMETER: TokenType.PARAMETER}


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text; none where the text cannot be tokenized, for instance with an open quote.

    >>> [token.text for token in tokenize("FROM MBPP")], tokenize("FROM 'MBPP")
    (['FROM', 'MBPP'], [])
    """
    try:
        return read_tokens(text)
    except TokenError:
        return []


def read_tokens(text: str) -> list[Token]:
    """Return the tokens of a text; raises TokenError where it cannot be tokenized.

    >>> [token.text for token in read_tokens("x IN ($1,$2)")]
    ['x', 'IN', '(', '$', '1', ',', '$', '2', ')']
    """
    masked = READ_OTHERWISE.sub(lambda found: PARAMETER if found[0] == "$" else INVISIBLE, text)
    tokens = _Tokenizer(dialect=DuckDB()).tokenize(masked)
    if masked != text:
        for token in tokens:
            token.text = _unmasked(token, text, masked)
    return tokens


def _unmasked(token: Token, text: str, masked: str) -> str:
    """Return the text of a token with the characters of the user's text: a quoted text keeps them in their order."""
    place = slice(token.start, token.end + 1)
    hidden = iter(own for own, mask in zip(text[place], masked[place], strict=True) if mask in (PARAMETER, INVISIBLE))
    return "".join(next(hidden, char) if char in (PARAMETER, INVISIBLE) else char for char in token.text)
