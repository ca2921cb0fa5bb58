"""The characters that a statement cannot contain: NUL, at which drivers end the text, and halves of surrogate pairs."""

import re

from srcql.errors import InvalidQuery

NUL = "\0"
FORBIDDEN = re.compile("[\0\ud800-\udfff]")


def check_characters(text: str) -> None:
    """Raise InvalidQuery if a statement contains a character that no driver can send unchanged.

    >>> check_characters("SELECT 'größer'")
    >>> check_characters("SELECT 1\\0")
    Traceback (most recent call last):
    srcql.errors.InvalidQuery: expected text, found NUL (character 9 of the statement)
      hint: remove it, or write chr(0) for it
    """
    if found := FORBIDDEN.search(text):
        place = f"character {found.start() + 1} of the statement"
        if found[0] == NUL:
            raise InvalidQuery(f"expected text, found NUL ({place})", hint="remove it, or write chr(0) for it")
        name = f"U+{ord(found[0]):X}"
        raise InvalidQuery(
            f"expected text, found half of a surrogate pair, {name} ({place})", hint="decode it as UTF-8"
        )
