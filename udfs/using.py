"""When two responses are the same: what stands after `USING`, as the functions take it.

    EXACT [EXCEPTIONS TYPE|MESSAGE|ANY]
    [CANONICAL] [EXCEPTIONS TYPE|MESSAGE|ANY] [DIGITS n] [UNORDERED] [TYPED] [IGNORE '$.path', …] [THROUGH name]
    TOLERANCE n [REL n] [EXCEPTIONS TYPE|MESSAGE|ANY] [IGNORE '$.path', …] [THROUGH name]

`EXACT` compares output by output; `CANONICAL`, the default, by value; `TOLERANCE` by value, and numbers by how far
apart they are. Options stand in any order, each once.
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

FORM = (
    "[EXACT | CANONICAL | TOLERANCE n [REL n]] [EXCEPTIONS TYPE|MESSAGE|ANY] [DIGITS 1 to 1000] [UNORDERED] [TYPED]"
    " [IGNORE '$.path', …] [THROUGH name], each once; EXACT takes EXCEPTIONS alone, TOLERANCE also IGNORE and THROUGH"
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
    """One equality; `exceptions` None leaves exceptions as they are printed."""

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
        """From the text of a VALUE to its canonical text."""
        return self._form if self.through is None else lambda text: self._form(self._through(text))

    def structure(self, text: str) -> Structure:
        """What the text of a VALUE is made of."""
        return structure(self._through(text), self._form)


@lru_cache(maxsize=64)
def parse_using(text: str | None) -> Using:
    """The equality that is written after USING; empty or None is the default. Raises ValueError for any other text.

    >>> parse_using("EXACT EXCEPTIONS ANY").exceptions, parse_using("UNORDERED DIGITS 3").digits
    ('ANY', 3)
    """
    text = (text or "").strip()
    base = BASE.match(text)
    word, at = ((base["base"] or base["tolerance"] or "").upper(), base.end()) if base else ("", 0)
    given: dict[str, Any] = {}
    while at < len(text):
        option = OPTION.match(text, at)
        name = option.lastgroup if option else None
        if not option or not name or name in given or name not in TAKES.get(word, READ):
            raise ValueError(f"expected {FORM}; found {text[at:]}")
        given[name] = READ[name](option[name])
        at = option.end()
    if word == "EXACT":
        return Using(True, **{"exceptions": None} | given)
    return Using(tolerance=Tolerance(base[3], base[4] or "0") if base and base["tolerance"] else None, **given)


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote) if quote in "'\"" else text


TAKES: Mapping[str, tuple[str, ...]] = {"EXACT": ("exceptions",), "TOLERANCE": ("exceptions", "ignore", "through")}
READ: Mapping[str, Callable[[str], Any]] = {
    "exceptions": str.upper,
    "digits": int,
    "unordered": bool,
    "typed": bool,
    "ignore": lambda texts: tuple(parse_path(_unquoted(text)) for text in re.findall(TEXT, texts)),
    "through": _unquoted,
}
