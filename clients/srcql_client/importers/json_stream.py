"""JSON that is read piece by piece: arrays and objects entry by entry, what is in them as whole values.

Only the value that is read is in memory, at most some 64 million characters of it.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from srcql.errors import InvalidData

_BLOCK = 1 << 16
_LARGEST = 1 << 26
_SPACE = re.compile(r"[ \t\r\n]*")
# All numbers are doubles: one of ten thousand digits is no error then.
_DECODER = json.JSONDecoder(parse_int=float)
# After a number that ends where the text read so far ends, `.5` or `e+9` may follow.
_LOOKAHEAD = 3


class JsonStream:
    """The values of a text, from its start.

    >>> from io import StringIO
    >>> stream = JsonStream(StringIO('["a", "b"] {"c": "d"}'))
    >>> [stream.value() for _ in stream.elements()], [(name, stream.value()) for name in stream.members()]
    (['a', 'b'], [('c', 'd')])
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0
        self._dropped = 0

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            space = _SPACE.match(self._buffer, self._at)
            assert space is not None
            self._at = space.end()
            if self._at < len(self._buffer) or not self._read():
                return self._buffer[self._at : self._at + 1]

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                if not self._read():
                    self._at = error.pos
                    raise self.wrong("JSON") from None
            except RecursionError:
                raise self.wrong("JSON that is nested less deep") from None
            else:
                if end + _LOOKAHEAD <= len(self._buffer) or not self._read():
                    self._at = end
                    return value

    def elements(self) -> Iterator[None]:
        """Before each element of the array that comes next; who iterates reads it."""
        return self._entries("[", "]")

    def members(self) -> Iterator[str]:
        """The name of each member of the object that comes next; who iterates reads its value."""
        for _ in self._entries("{", "}"):
            if self.peek() != '"':
                raise self.wrong("a name in quotes")
            name = self.value()
            self._expect(":")
            yield name

    def wrong(self, expected: str, hint: str | None = None) -> InvalidData:
        """The error that says what was expected here, and what stands here."""
        rest = self._buffer[self._at : self._at + 30]
        line = rest.partition("\n")[0]
        found = f"{line!r} at character {self._dropped + self._at:,}" if rest else "the end of the file"
        return InvalidData(f"expected {expected}, found {found}", hint=hint)

    def _entries(self, first: str, last: str) -> Iterator[None]:
        self._expect(first)
        if self._take(last):
            return
        while True:
            yield
            if self._take(last):
                return
            self._expect(",")

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self.wrong(repr(sign))

    def _take(self, sign: str) -> bool:
        found = self.peek() == sign
        self._at += found
        return found

    def _read(self) -> bool:
        """Read on, as far again as there is left, and drop what is done with; whether there was more."""
        left = len(self._buffer) - self._at
        more = self._text.read(max(_BLOCK, left)) if left < _LARGEST else ""
        if more:
            self._dropped += self._at
            self._buffer, self._at = self._buffer[self._at :] + more, 0
        return bool(more)
