"""When two responses are the same: the options of `USING`, as the functions take them.

`EXACT` compares output by output; `CANONICAL`, the default, by value. `EXCEPTIONS TYPE | MESSAGE | ANY` says what of an
exception counts: its class (the default of CANONICAL), its class and message, or only that there was one.
"""

from dataclasses import dataclass
from functools import lru_cache

EXCEPTIONS = ("TYPE", "MESSAGE", "ANY")


@dataclass(frozen=True)
class Using:
    """One equality; `exceptions` None leaves exceptions as they are printed."""

    exact: bool = False
    exceptions: str | None = "TYPE"


@lru_cache(maxsize=64)
def parse_using(text: str | None) -> Using:
    """The equality that is written after USING; empty or None is the default.

    >>> parse_using("EXACT EXCEPTIONS ANY")
    Using(exact=True, exceptions='ANY')
    >>> parse_using("EXCEPTIONS SOME")
    Traceback (most recent call last):
    ValueError: expected [EXACT | CANONICAL] [EXCEPTIONS TYPE | MESSAGE | ANY], found EXCEPTIONS SOME
    """
    words = (text or "").upper().split()
    exact = words[:1] == ["EXACT"]
    options = words[1:] if words[:1] in (["EXACT"], ["CANONICAL"]) else words
    if not options:
        return Using(exact, None if exact else "TYPE")
    if len(options) == 2 and options[0] == "EXCEPTIONS" and options[1] in EXCEPTIONS:
        return Using(exact, options[1])
    raise ValueError(f"expected [EXACT | CANONICAL] [EXCEPTIONS TYPE | MESSAGE | ANY], found {text}")
