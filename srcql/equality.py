"""When two responses are the same.

    USING EXACT [EXCEPTIONS TYPE | MESSAGE | ANY]
    USING [CANONICAL] [EXCEPTIONS TYPE | MESSAGE | ANY]

EXACT compares `output` byte by byte, CANONICAL by value; of exceptions their class counts (TYPE, the default of
CANONICAL), their class and message, or only that there was one.

>>> Equality(exact=True, exceptions="TYPE").text
'EXACT EXCEPTIONS TYPE'
>>> Equality().text
''
"""

from dataclasses import dataclass

from srcql.reader import Reader, literal

EXCEPTIONS = ("TYPE", "MESSAGE", "ANY")
LATER = ("DIGITS", "UNORDERED", "TYPED", "IGNORE", "THROUGH", "TOLERANCE")

# A response is split at its first two @; $EXCEPTION@X has an empty message, so it is $EXCEPTION@X@.
_EXACT = {
    "TYPE": "'$EXCEPTION@' || split_part(output, '@', 2)",
    "MESSAGE": "CASE WHEN split_part(output, '@', 2) = substr(output, 12) THEN output || '@' ELSE output END",
    "ANY": "'$EXCEPTION@'",
}


@dataclass(frozen=True)
class Equality:
    """One equality; `exceptions` None leaves exceptions as they are printed (EXACT alone)."""

    exact: bool = False
    exceptions: str | None = None

    @property
    def text(self) -> str:
        """What stands after USING, as the functions over responses take it; empty for the default."""
        words = ("EXACT" if self.exact else "", f"EXCEPTIONS {self.exceptions}" if self.exceptions else "")
        return " ".join(word for word in words if word)

    @property
    def response(self) -> str | None:
        """The response as SQL over the stored columns; None when it has to be computed from the outputs."""
        if not self.exact:
            return None if self.exceptions else "response_key"
        if self.exceptions is None:
            return "output"
        return f"CASE WHEN starts_with(output, '$EXCEPTION@') THEN {_EXACT[self.exceptions]} ELSE output END"

    @property
    def key(self) -> str:
        """The digest of a response as SQL over `output`."""
        return f"response_key(output, {literal(self.text)})" if self.text else "response_key(output)"


def using(reader: Reader) -> Equality:
    """Read what follows USING."""
    exact = reader.take("EXACT")
    named = exact or reader.take("CANONICAL")
    exceptions = None
    if reader.take("EXCEPTIONS"):
        exceptions = reader.expect(EXCEPTIONS)
    reader.refuse_later(LATER)
    if not named and not exceptions:
        raise reader.expected("EXACT, CANONICAL or EXCEPTIONS after USING")
    return Equality(exact, None if not exact and exceptions == "TYPE" else exceptions)
