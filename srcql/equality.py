"""When two responses are the same.

    USING EXACT [EXCEPTIONS TYPE | MESSAGE | ANY]
    USING [CANONICAL] [EXCEPTIONS TYPE | MESSAGE | ANY]

EXACT compares `output` byte by byte, CANONICAL by value; of exceptions their class counts (TYPE, the default of
CANONICAL), their class and message, or only that there was one.

>>> Equality(exact=True, exceptions="TYPE").text
'EXACT EXCEPTIONS TYPE'
>>> Equality().stored
'response_key'
"""

from dataclasses import dataclass

from srcql.reader import Reader
from srcql.sql import literal

EXCEPTIONS = ("TYPE", "MESSAGE", "ANY")
LATER = ("DIGITS", "UNORDERED", "TYPED", "IGNORE", "THROUGH", "TOLERANCE")

# An exception is split at its first two @; without a second one its message is empty.
EXCEPTION = {
    "TYPE": "'$EXCEPTION@' || split_part(output, '@', 2)",
    "MESSAGE": "CASE WHEN contains(substr(output, 12), '@') THEN output ELSE output || '@' END",
    "ANY": "'$EXCEPTION@'",
}


@dataclass(frozen=True)
class Equality:
    """One equality; `exceptions` None is what the base says of them: as printed for EXACT, TYPE for CANONICAL."""

    exact: bool = False
    exceptions: str | None = None

    @property
    def text(self) -> str:
        """What stands after USING, as the functions over responses take it; empty for the default."""
        words = ("EXACT" if self.exact else "", f"EXCEPTIONS {self.exceptions}" if self.exceptions else "")
        return " ".join(word for word in words if word)

    @property
    def stored(self) -> str | None:
        """The response as SQL over the stored columns; None when the outputs have to be looked at."""
        if not self.exact:
            return None if self.exceptions else "response_key"
        if self.exceptions is None:
            return "output"
        return f"CASE WHEN starts_with(output, '$EXCEPTION@') THEN {EXCEPTION[self.exceptions]} ELSE output END"

    @property
    def key(self) -> str:
        """The digest of a response as SQL over `output`."""
        return f"response_key(output, {literal(self.text)})" if self.text else "response_key(output)"


CANONICAL = Equality()


def using(reader: Reader) -> Equality:
    """USING: the equality."""
    reader.take("USING")
    exact = reader.take("EXACT")
    named = exact or reader.take("CANONICAL")
    reader.refuse_later(LATER)
    if not reader.take("EXCEPTIONS"):
        if not named:
            raise reader.expected("EXACT, CANONICAL or EXCEPTIONS")
        return Equality(exact)
    exceptions = reader.expect(EXCEPTIONS)
    reader.refuse_later(LATER)
    return Equality(exact, exceptions if exact or exceptions != "TYPE" else None)
