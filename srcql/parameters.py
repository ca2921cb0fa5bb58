"""Parameters of a statement: each `?` gets a number, because lowering can repeat a part of the text or run it alone."""

from collections.abc import Collection
from itertools import count, pairwise

from sqlglot.tokenizer_core import TokenType

from srcql.errors import InvalidQuery
from srcql.tokens import tokenize

PLACEHOLDER = "?"
HINT = "write parameters as ?, or as $1, $2 and so on"


def numbered(text: str) -> dict[int, str]:
    """Return the offset of each `?` in a text, with the `$n` that replaces it.

    Raises InvalidQuery if the text has numbered or named parameters too.

    >>> numbered("SELECT ?, '?', ?")
    {7: '$1', 15: '$2'}
    """
    if PLACEHOLDER not in text:
        return {}
    numbers, found = count(1), {}
    read = tokenize(text)
    for token in read:
        if token.token_type is TokenType.PLACEHOLDER:
            found[token.start] = f"${next(numbers)}"
    own = next((token for token in read if token.token_type is TokenType.PARAMETER and token.text == "$"), None)
    if found and own:
        span = (own.start, own.end + 1)
        raise InvalidQuery("a statement has parameters ? or $1, not both", text=text, span=span)
    return found


def count_parameters(text: str, names: Collection[str]) -> int:
    """Return the number of values that a statement takes, from the names of its parameters.

    Raises InvalidQuery, with the place in the text, for a name that is not a number, and for a missing number.

    >>> count_parameters("SELECT $2, $1, $2", {"1", "2"})
    2
    """
    for name in sorted(names):
        if not name.isdecimal():
            raise _misnumbered(text, name, f"expected a numbered parameter, found ${name}")
    numbers = sorted(int(name) for name in names)
    for expected, number in enumerate(numbers, start=1):
        if number != expected:
            raise _misnumbered(text, str(number), f"missing parameter ${expected}: the statement has ${number}")
    return len(numbers)


def _misnumbered(text: str, name: str, message: str) -> InvalidQuery:
    found = pairwise(tokenize(text))
    places = (sign.start for sign, after in found if sign.text == "$" and after.text.lower() == name.lower())
    start = next(places, None)
    span = None if start is None else (start, start + len(name) + 1)
    return InvalidQuery(message, text=text, span=span, hint=HINT)
