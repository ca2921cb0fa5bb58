"""A streaming JSON reader: arrays and objects entry by entry, their entries as complete values.

Only the current value is in memory, at most about 64 million characters of it.
"""

import json
import re
from collections.abc import Iterator
from typing import TextIO

from srcql.errors import InvalidData

_BLOCK = 1 << 16
_LARGEST = 1 << 26
_SPACE = re.compile(r"[ \t\r\n]*")
# All numbers are doubles, so that an integer of ten thousand digits is not an error.
_DECODER = json.JSONDecoder(parse_int=float)
# A number at the end of the buffer may continue with `.5` or `e+9`.
_LOOKAHEAD = 3


class JsonStream:
    """A reader of the JSON values of a text.

    >>> from io import StringIO
    >>> stream = JsonStream(StringIO('["a", "b"] {"c": "d"}'))
    >>> [stream.value() for _ in stream.elements()], [(name, stream.value()) for name in stream.members()]
    (['a', 'b'], [('c', 'd')])
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0
        self._discarded = 0

    def peek(self) -> str:
        """Return the next character that is not white space, an empty string at the end."""
        while True:
            space = _SPACE.match(self._buffer, self._at)
            assert space is not None
            self._at = space.end()
            if self._at < len(self._buffer) or not self._read():
                return self._buffer[self._at : self._at + 1]

    def value(self) -> object:
        """Read the next value."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                if not self._read():
                    self._at = error.pos
                    raise self.error("JSON") from None
            except RecursionError:
                raise self.error("less deeply nested JSON") from None
            else:
                if end + _LOOKAHEAD <= len(self._buffer) or not self._read():
                    self._at = end
                    return value

    def elements(self) -> Iterator[None]:
        """Stop before each element of the next array; the caller reads the element."""
        return self._entries("[", "]")

    def members(self) -> Iterator[str]:
        """Yield the name of each member of the next object; the caller reads the value."""
        for _ in self._entries("{", "}"):
            if self.peek() != '"':
                raise self.error("a quoted name")
            name = str(self.value())
            self._expect(":")
            yield name

    def error(self, expected: str, hint: str | None = None) -> InvalidData:
        """Return the error for unexpected text at the current position."""
        rest = self._buffer[self._at : self._at + 30]
        line = rest.partition("\n")[0]
        found = f"{line!r} at character {self._discarded + self._at:,}" if rest else "the end of the file"
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

    def _expect(self, character: str) -> None:
        if not self._take(character):
            raise self.error(repr(character))

    def _take(self, character: str) -> bool:
        found = self.peek() == character
        self._at += found
        return found

    def _read(self) -> bool:
        """Read more text, at least as much as is buffered, and discard the consumed part; return False at the end."""
        left = len(self._buffer) - self._at
        more = self._text.read(max(_BLOCK, left)) if left < _LARGEST else ""
        if more:
            self._discarded += self._at
            self._buffer, self._at = self._buffer[self._at :] + more, 0
        return bool(more)
