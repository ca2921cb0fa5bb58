"""USING: which responses are equal.

    USING EXACT [EXCEPTIONS TYPE | MESSAGE | ANY]
    USING [CANONICAL] [EXCEPTIONS …] [DIGITS n] [UNORDERED] [TYPED] [IGNORE '$.path', …] [THROUGH name]
    USING TOLERANCE number [REL number] [EXCEPTIONS …] [IGNORE …] [THROUGH …]

EXACT compares `output` byte by byte, CANONICAL by value, TOLERANCE by value and numbers by distance. Options are in
any order, each at most once.

>>> Equality(exact=True, exceptions="TYPE").text
'EXACT EXCEPTIONS TYPE'
>>> Equality(unordered=True, digits=6).text
'DIGITS 6 UNORDERED'
>>> Equality().stored
'response_key'
"""

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from sqlglot.tokenizer_core import TokenType

from srcql.clauses.paths import InvalidPath, canonical_path
from srcql.clauses.piece_parser import PieceParser
from srcql.clauses.reader import Name, Reader, Span
from srcql.schema import OBSERVATIONS
from srcql.sql import literal

EXCEPTIONS = ("TYPE", "MESSAGE", "ANY")
CLASSES_HINT = "use DIGITS n, as in USING DIGITS 6, which rounds numbers before they are compared"

# An exception is split at its first two @; without a second one its message is empty.
EXCEPTION = {
    "TYPE": "'$EXCEPTION@' || split_part(output, '@', 2)",
    "MESSAGE": "CASE WHEN contains(substr(output, 12), '@') THEN output ELSE output || '@' END",
    "ANY": "'$EXCEPTION@'",
}


@dataclass(frozen=True)
class Tolerance:
    """The allowed distance of numbers a and b, as decimal texts: |a-b| <= max(absolute, relative * max(|a|, |b|))."""

    absolute: str
    relative: str
    span: Span

    @property
    def text(self) -> str:
        """The clause as after USING."""
        return f"TOLERANCE {self.absolute} REL {self.relative}"


@dataclass(frozen=True)
class Equality:
    """One equality of responses; `exceptions` None is the default: as printed for EXACT, TYPE for the others."""

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
        """The canonical text, as after USING: the functions over responses take it, and equal equalities share it."""
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
        """The response as SQL over the stored columns; None if the outputs must be read."""
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


def parse_equality(text: str) -> Equality:
    """Return the equality that a text states, as after USING; a blank text is CANONICAL.

    Raises InvalidQuery for any other text, and for TOLERANCE, which makes no classes of responses.

    >>> parse_equality("DIGITS 6 UNORDERED").text
    'DIGITS 6 UNORDERED'
    """
    if not text.strip():
        return CANONICAL
    reader = Reader(PieceParser.over(text), OBSERVATIONS)
    equality = _of_classes(reader, _equality(reader))
    if reader.next_type:
        raise reader.expected("an option of USING or the end of the text")
    return equality


def using(reader: Reader) -> Equality:
    """Read USING of a verb that needs classes of responses: TOLERANCE is not transitive, and makes none."""
    return _of_classes(reader, any_equality(reader))


def using_before(*clauses: str) -> Callable[[Reader], Equality]:
    """Return the reader of USING, like `using`, that leaves these clauses to the verb: they begin like an option."""

    def read(reader: Reader) -> Equality:
        reader.take("USING")
        return _of_classes(reader, _equality(reader, clauses))

    return read


def any_equality(reader: Reader) -> Equality:
    """Read USING of a verb that compares pairs of responses: TOLERANCE is allowed."""
    reader.take("USING")
    return _equality(reader)


def _of_classes(reader: Reader, equality: Equality) -> Equality:
    if equality.tolerance:
        message = "TOLERANCE is not transitive, so it makes no classes of responses"
        raise reader.error(message, equality.tolerance.span, CLASSES_HINT)
    return equality


def _equality(reader: Reader, ends: Collection[str] = ()) -> Equality:
    start, read = reader.span[0], set[str]()
    base = next((word for word in BASES if reader.take(word)), None)
    equality = Equality(exact=base == "EXACT", tolerance=_tolerance(reader, start) if base == "TOLERANCE" else None)
    while option := _option(reader, base, read, ends):
        equality = OPTIONS[option](reader, equality)
        read.add(option)
    default = base != "EXACT" and equality.exceptions == "TYPE"
    return replace(equality, exceptions=None) if default else equality


def _option(reader: Reader, base: str | None, read: Collection[str], ends: Collection[str]) -> str | None:
    """Read the word of the next option; return None if no option comes next."""
    if (base or read) and any(reader.at(words) for words in ends):
        return None
    option = next((word for word in OPTIONS if reader.at(word)), None)
    if option is None:
        _reject_other(reader, none_read=not (base or read))
        return None
    if option in read:
        raise reader.error(f"duplicate {option}")
    if option not in BASES[base or "CANONICAL"]:
        raise reader.error(f"{base} does not take {option}", hint=f"use CANONICAL, as in USING {option} …")
    reader.take(option)
    return option


def _reject_other(reader: Reader, none_read: bool) -> None:
    """Reject a word that is probably a mistyped option."""
    for word in BASES:
        if reader.at(word):
            raise reader.error(f"{word} must be the first word after USING")
    if reader.next_type is TokenType.COMMA:
        raise reader.error("options of USING have no commas between them")
    known = (*BASES, *OPTIONS)
    near = difflib.get_close_matches(reader.found.upper(), known, n=1, cutoff=0.6 if none_read else 0.8)
    if none_read:
        hint = f"did you mean {near[0]}?" if near else f"options of CANONICAL: {', '.join(OPTIONS)}"
        raise reader.expected("EXACT, CANONICAL, TOLERANCE or an option of CANONICAL", hint)
    if near:  # a less similar word may be a clause
        raise reader.expected("an option of USING or a clause", f"did you mean {near[0]}?")


def _tolerance(reader: Reader, start: int) -> Tolerance:
    absolute = _distance(reader)
    relative = _distance(reader) if reader.take("REL") else "0"
    return Tolerance(absolute, relative, (start, reader.end))


def _distance(reader: Reader) -> str:
    return _token(reader, DISTANCE, "a number from 0", "as in 0, 0.001 or 1e-9")


def _digits(reader: Reader) -> int:
    return int(_token(reader, DIGITS, "a number of digits from 1 to 1000"))


def _token(reader: Reader, pattern: re.Pattern[str], what: str, hint: str | None = None) -> str:
    text = reader.found
    if not pattern.fullmatch(text):
        raise reader.expected(what, hint)
    reader.take(text.upper())
    return text


def _paths(reader: Reader) -> tuple[str, ...]:
    return tuple(sorted(set(reader.listed(lambda: _path(reader)))))


def _path(reader: Reader) -> str:
    """Read a path and return its canonical text; an error has the place of the mistake in the path."""
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

OPTIONS: Mapping[str, Callable[[Reader, Equality], Equality]] = {
    "EXCEPTIONS": lambda reader, equality: replace(equality, exceptions=reader.expect(EXCEPTIONS)),
    "DIGITS": lambda reader, equality: replace(equality, digits=_digits(reader)),
    "UNORDERED": lambda _, equality: replace(equality, unordered=True),
    "TYPED": lambda _, equality: replace(equality, typed=True),
    "IGNORE": lambda reader, equality: replace(equality, ignore=_paths(reader)),
    "THROUGH": lambda reader, equality: replace(equality, through=_through(reader)),
}
BASES: Mapping[str, tuple[str, ...]] = {
    "EXACT": ("EXCEPTIONS",),
    "CANONICAL": tuple(OPTIONS),
    "TOLERANCE": ("EXCEPTIONS", "IGNORE", "THROUGH"),
}
