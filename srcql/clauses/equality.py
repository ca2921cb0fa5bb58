"""When two responses are the same.

    USING EXACT [EXCEPTIONS TYPE | MESSAGE | ANY]
    USING [CANONICAL] [EXCEPTIONS …] [DIGITS n] [UNORDERED] [TYPED] [IGNORE '$.path', …] [THROUGH name]
    USING TOLERANCE number [REL number] [EXCEPTIONS …] [IGNORE …] [THROUGH …]

EXACT compares `output` byte by byte, CANONICAL by value, TOLERANCE by value and numbers by their distance. Options
stand in any order, each once.

>>> Equality(exact=True, exceptions="TYPE").text
'EXACT EXCEPTIONS TYPE'
>>> Equality(unordered=True, digits=6).text
'DIGITS 6 UNORDERED'
>>> Equality().stored
'response_key'
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot.tokenizer_core import TokenType

from srcql.clauses.paths import InvalidPath, canonical_path
from srcql.clauses.reader import Name, Reader, Span
from srcql.sql import literal

EXCEPTIONS = ("TYPE", "MESSAGE", "ANY")

# An exception is split at its first two @; without a second one its message is empty.
EXCEPTION = {
    "TYPE": "'$EXCEPTION@' || split_part(output, '@', 2)",
    "MESSAGE": "CASE WHEN contains(substr(output, 12), '@') THEN output ELSE output || '@' END",
    "ANY": "'$EXCEPTION@'",
}


@dataclass(frozen=True)
class Tolerance:
    """How far apart two numbers a and b may be, as decimal texts: |a-b| <= max(absolute, relative * max(|a|, |b|))."""

    absolute: str
    relative: str
    span: Span

    @property
    def text(self) -> str:
        """As it stands after USING."""
        return f"TOLERANCE {self.absolute} REL {self.relative}"


@dataclass(frozen=True)
class Equality:
    """One equality; `exceptions` None is what the base says of them: as printed for EXACT, TYPE for the others."""

    exact: bool = False
    exceptions: str | None = None
    digits: int | None = None
    unordered: bool = False
    typed: bool = False
    ignore: tuple[str, ...] = ()
    through: Name | None = None
    tolerance: Tolerance | None = None

    @property
    def text(self) -> str:
        """What stands after USING, as the functions over responses take it, and one text for equal equalities."""
        words = (
            self.exact and "EXACT",
            self.tolerance and self.tolerance.text,
            self.exceptions and f"EXCEPTIONS {self.exceptions}",
            self.digits and f"DIGITS {self.digits}",
            self.unordered and "UNORDERED",
            self.typed and "TYPED",
            self.ignore and f"IGNORE {', '.join(map(literal, self.ignore))}",
            self.through and f"THROUGH {literal(self.through.text)}",
        )
        return " ".join(word for word in words if word)

    @property
    def stored(self) -> str | None:
        """The response as SQL over the stored columns; None when the outputs have to be looked at."""
        if not self.exact:
            return None if self.text else "response_key"
        if self.exceptions is None:
            return "output"
        return f"CASE WHEN starts_with(output, '$EXCEPTION@') THEN {EXCEPTION[self.exceptions]} ELSE output END"

    @property
    def key(self) -> str:
        """The digest of a response as SQL over `output`."""
        return f"response_key(output, {literal(self.text)})" if self.text else "response_key(output)"


CANONICAL = Equality()


def using(reader: Reader) -> Equality:
    """USING where responses form classes: not TOLERANCE, under which a = b and b = c do not make a = c."""
    equality = any_equality(reader)
    if equality.tolerance:
        hint = "DIGITS n rounds numbers before they are compared: USING DIGITS 6"
        message = "TOLERANCE is not transitive, so it makes no classes of responses"
        raise reader.error(message, equality.tolerance.span, hint)
    return equality


def any_equality(reader: Reader) -> Equality:
    """USING where one response meets another: TOLERANCE too."""
    reader.take("USING")
    start = reader.span[0]
    base = next((word for word in BASES if reader.take(word)), None)
    tolerance = _tolerance(reader, start) if base == "TOLERANCE" else None
    options: dict[str, Any] = {}
    while option := _option(reader, base, options):
        options[option.lower()] = OPTIONS[option](reader)
    if base != "EXACT" and options.get("exceptions") == "TYPE":
        del options["exceptions"]  # the default
    return Equality(exact=base == "EXACT", tolerance=tolerance, **options)


def _option(reader: Reader, base: str | None, read: Mapping[str, Any]) -> str | None:
    """The option that comes next, its word read; None when none does."""
    if (base or read) and (reader.at("EXCEPTIONS VOTE") or reader.at("EXCEPTIONS ABSTAIN")):
        return None  # a clause of ORACLE
    option = next((word for word in OPTIONS if reader.at(word)), None)
    if option is None:
        _refuse_other(reader, none_read=not (base or read))
        return None
    if option.lower() in read:
        raise reader.error(f"duplicate {option}")
    if option not in BASES[base or "CANONICAL"]:
        raise reader.error(f"{base} does not take {option}", hint=f"CANONICAL does: USING {option} …")
    reader.take(option)
    return option


def _refuse_other(reader: Reader, none_read: bool) -> None:
    """Say of a word that is meant for an option, but is none, which it may be."""
    for word in BASES:
        if reader.at(word):
            raise reader.error(f"{word} stands directly after USING, once")
    if reader.next_type is TokenType.COMMA:
        raise reader.error("no comma stands between options of USING")
    known = (*BASES, *OPTIONS)
    near = difflib.get_close_matches(reader.found.upper(), known, n=1, cutoff=0.6 if none_read else 0.8)
    if none_read:
        hint = f"did you mean {near[0]}?" if near else f"options of CANONICAL: {', '.join(OPTIONS)}"
        raise reader.expected("EXACT, CANONICAL, TOLERANCE or an option of CANONICAL", hint)
    if near:  # what is less like an option may be a clause
        raise reader.expected("an option of USING or a clause", f"did you mean {near[0]}?")


def _tolerance(reader: Reader, start: int) -> Tolerance:
    absolute = _distance(reader)
    relative = _distance(reader) if reader.take("REL") else "0"
    return Tolerance(absolute, relative, (start, reader.end))


def _distance(reader: Reader) -> str:
    return _token(reader, DISTANCE, "a number from 0", "as 0, 0.001 or 1e-9")


def _digits(reader: Reader) -> int:
    return int(_token(reader, DIGITS, "a number of digits from 1 to 1000"))


def _token(reader: Reader, pattern: re.Pattern[str], what: str, hint: str | None = None) -> str:
    text = reader.found
    if not pattern.fullmatch(text):
        raise reader.expected(what, hint)
    reader.take(text.upper())
    return text


def _path(reader: Reader) -> str:
    """A path, by its canonical text; an error stands where in the text the path goes wrong."""
    start, end = reader.span
    if reader.next_type is not TokenType.STRING:
        raise reader.expected("a path in single quotes", "as in IGNORE '$.key'")
    path = reader.name("a path").text
    try:
        return canonical_path(path)
    except InvalidPath as error:
        wrong = start + len(literal(path[: error.offset])) - 1
        raise reader.error(error.message, (wrong, max(wrong + 1, end - 1)), error.hint) from None


def _through(reader: Reader) -> Name:
    name = reader.name("the name of a canonicaliser")
    if reader.quotes:
        raise reader.expected("an option of USING or a clause", reader.quotes)
    return name


DIGITS = re.compile("[1-9][0-9]{0,2}|1000")
DISTANCE = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")

OPTIONS: Mapping[str, Callable[[Reader], Any]] = {
    "EXCEPTIONS": lambda reader: reader.expect(EXCEPTIONS),
    "DIGITS": _digits,
    "UNORDERED": lambda _: True,
    "TYPED": lambda _: True,
    "IGNORE": lambda reader: tuple(sorted(set(reader.listed(lambda: _path(reader))))),
    "THROUGH": _through,
}
BASES: Mapping[str, tuple[str, ...]] = {
    "EXACT": ("EXCEPTIONS",),
    "CANONICAL": tuple(OPTIONS),
    "TOLERANCE": ("EXCEPTIONS", "IGNORE", "THROUGH"),
}
