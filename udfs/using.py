"""Equalities of responses: the text after `USING`, as the functions take it.

    EXACT [EXCEPTIONS TYPE|MESSAGE|ANY]
    [CANONICAL] [EXCEPTIONS TYPE|MESSAGE|ANY] [DIGITS n] [UNORDERED] [TYPED] [IGNORE '$.path', …] [THROUGH name]
    TOLERANCE n [REL n] [EXCEPTIONS TYPE|MESSAGE|ANY] [IGNORE '$.path', …] [THROUGH name]

`EXACT` compares the texts of outputs; `CANONICAL`, the default, compares values; `TOLERANCE` compares values, and
numbers by their difference. Options may be in any order, each at most once.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from udfs.canonical import Canonical
from udfs.paths import Path, parse_path
from udfs.through import canonicaliser
from udfs.tolerance import Structure, Tolerance, structure

SYNTAX = (
    "[EXACT | CANONICAL | TOLERANCE n [REL n]] [EXCEPTIONS TYPE|MESSAGE|ANY] [DIGITS 1 to 1000] [UNORDERED] [TYPED]"
    " [IGNORE '$.path', …] [THROUGH name], each once; EXACT takes only EXCEPTIONS, TOLERANCE also IGNORE and THROUGH"
)
LENGTH = r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,600})?"
BASE = re.compile(
    rf"(?:(?P<base>EXACT|CANONICAL)|(?P<tolerance>TOLERANCE)\s+({LENGTH})(?:\s+REL\s+({LENGTH}))?)?(?!\w)\s*",
    re.IGNORECASE,
)
TEXT = "'(?:[^']|'')*'"
OPTION = re.compile(
    rf"""(?: EXCEPTIONS \s+ (?P<exceptions> TYPE | MESSAGE | ANY)
           | DIGITS \s+ (?P<digits> [1-9][0-9]{{0,2}} | 1000)
           | (?P<unordered> UNORDERED)
           | (?P<typed> TYPED)
           | IGNORE \s* (?P<ignore> {TEXT} (?: \s*,\s* {TEXT} )*)
           | THROUGH \b \s* (?P<through> {TEXT} | "(?:[^"]|"")*" | [^\W\d]\w*)
         ) (?!\w) \s*""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True)
class Using:
    """One equality; with `exceptions` None, exceptions are compared as printed."""

    exact: bool = False
    exceptions: str | None = "TYPE"
    digits: int | None = None
    unordered: bool = False
    typed: bool = False
    ignore: tuple[Path, ...] = ()
    through: str | None = None
    tolerance: Tolerance | None = None

    @cached_property
    def _form(self) -> Canonical:
        return Canonical(self.digits, self.unordered, self.typed, self.ignore)

    @cached_property
    def _through(self) -> Callable[[str], str]:
        return str if self.through is None else canonicaliser(self.through)

    @cached_property
    def canonical(self) -> Callable[[str], str]:
        """The function from the text of a VALUE to its canonical text."""
        return self._form if self.through is None else lambda text: self._form(self._through(text))

    def structure(self, text: str) -> Structure:
        """Return the structure and the numbers of the text of a VALUE."""
        return structure(self._through(text), self._form)


@lru_cache(maxsize=64)
def parse_using(text: str | None) -> Using:
    """Return the equality of a text after USING, the default if it is empty or None; raise ValueError if it is invalid.

    >>> parse_using("EXACT EXCEPTIONS ANY").exceptions, parse_using("UNORDERED DIGITS 3").digits
    ('ANY', 3)
    """
    text = (text or "").strip()
    base = BASE.match(text)
    word, offset = ((base["base"] or base["tolerance"] or "").upper(), base.end()) if base else ("", 0)
    given: dict[str, Any] = {}
    while offset < len(text):
        option = OPTION.match(text, offset)
        name = option.lastgroup if option else None
        if not option or not name or name in given or name not in OPTIONS.get(word, READERS):
            raise ValueError(f"expected {SYNTAX}; found {text[offset:]}")
        given[name] = READERS[name](option[name])
        offset = option.end()
    if word == "EXACT":
        return Using(True, **{"exceptions": None} | given)
    return Using(tolerance=Tolerance(base[3], base[4] or "0") if base and base["tolerance"] else None, **given)


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote) if quote in "'\"" else text


OPTIONS: Mapping[str, tuple[str, ...]] = {"EXACT": ("exceptions",), "TOLERANCE": ("exceptions", "ignore", "through")}
READERS: Mapping[str, Callable[[str], Any]] = {
    "exceptions": str.upper,
    "digits": int,
    "unordered": bool,
    "typed": bool,
    "ignore": lambda texts: tuple(parse_path(_unquoted(text)) for text in re.findall(TEXT, texts)),
    "through": _unquoted,
}
