"""Reads several clauses, and builds the dataclass that holds them."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from srcql.clauses.reader import Reader
from srcql.clauses.shared import Clause

LONGER = ("USING SAMPLE", "AT MOST")  # begin like a clause, but are another clause or none
Read = dict[str, object]
T = TypeVar("T")


def read_clauses(reader: Reader, order: Iterable[str], grammar: Mapping[str, Clause]) -> Read:
    """Read those of the clauses that come next, in this order."""
    read: Read = {}
    for words in order:
        if next_clause(reader, words):
            read[words] = grammar[words](reader)
    return read


def read_in_any_order(reader: Reader, grammar: Mapping[str, Clause]) -> Read:
    """Read the clauses that come next, each at most once."""
    read: Read = {}
    while words := next((words for words in grammar if words not in read and next_clause(reader, words)), None):
        read[words] = grammar[words](reader)
    return read


def next_clause(reader: Reader, words: str) -> str | None:
    """Return the clause that comes next, if it is this one, or one of these with | between."""
    other = next((longer for longer in LONGER if reader.at(longer)), None)
    return next((word for word in words.split("|") if reader.at(word) and other in (None, word)), None)


def build(kind: type[T], read: Read, grammar: Iterable[str]) -> T:
    """Return the dataclass of the clauses of a grammar, from those that were read."""
    return kind(**{field(words): read[words] for words in grammar if words in read})


def field(words: str) -> str:
    """Return the name of the field that holds a clause; alternatives go by the last of them.

    >>> field("MIN SIZE"), field("PLURALITY|MAJORITY|QUORUM")
    ('min_size', 'quorum')
    """
    return words.split("|")[-1].lower().replace(" ", "_")
