"""Reading several clauses in their order."""

from collections.abc import Iterable, Mapping

from srcql.clauses.reader import Reader
from srcql.clauses.shared import Clause, Read

LONGER = ("USING SAMPLE", "AT MOST")  # begin like a clause, but are another clause or none


def read_clauses(reader: Reader, order: Iterable[str], grammar: Mapping[str, Clause]) -> Read:
    """Read those of the clauses that come next, in this order."""
    read: Read = {}
    for words in order:
        if next_clause(reader, words):
            read[words] = grammar[words](reader)
    return read


def next_clause(reader: Reader, words: str) -> str | None:
    """Return the clause that comes next, if it is this one, or one of these with | between."""
    other = next((longer for longer in LONGER if reader.at(longer)), None)
    return next((word for word in words.split("|") if reader.at(word) and other in (None, word)), None)
