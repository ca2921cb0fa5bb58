"""One document of a Solr export, with typed access to its fields.

A multi-valued field of the index is a list, any other is the value itself; both are read.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from srcql.errors import InvalidData

_INT32 = range(-(2**31), 2**31)


@dataclass(frozen=True)
class Document:
    """The fields of the document at a position of the export, from 0; each may be missing.

    >>> unit = Document(0, {"id": "7bc3388a", "abstractionId": ["Stack"], "m_static_loc_td": [17.0]})
    >>> unit.text("id"), unit.texts("abstractionId"), unit.integer("m_static_loc_td"), unit.text("content")
    ('7bc3388a', ['Stack'], 17, None)
    """

    position: int
    fields: object

    def texts(self, name: str) -> list[str]:
        """Return the distinct texts of a field, in order."""
        found = dict.fromkeys(self._text(name, value) for value in self._values(name))
        return [text for text in found if text]

    def text(self, name: str) -> str | None:
        """Return the text of a field; None if it is missing or empty."""
        value = self._value(name)
        return None if value is None else self._text(name, value) or None

    def integer(self, name: str) -> int | None:
        """Return a 32-bit integer, which Solr stores as a double; None if it is missing."""
        value = self._value(name)
        if value is None:
            return None
        if not isinstance(value, float) or not value.is_integer() or int(value) not in _INT32:
            raise self.error(f"a 32-bit integer as {name}", repr(value))
        return int(value)

    def time(self, name: str) -> datetime | None:
        """Return a time such as 2026-01-02T03:04:05Z, in UTC; None if it is missing."""
        text = self.text(name)
        if text is None:
            return None
        try:
            time = datetime.fromisoformat(text)
            return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
        except (ValueError, OverflowError):
            raise self.error(f"a time such as 2026-01-02T03:04:05Z as {name}", repr(text)) from None

    def error(self, expected: str, found: str, hint: str | None = None) -> InvalidData:
        """Return an error with the position of the document."""
        return InvalidData(f"docs[{self.position}]: expected {expected}, found {found}", hint=hint)

    def missing(self, name: str) -> InvalidData:
        """Return the error for a required field without text."""
        fields = ", ".join(list(self._members)[:20]) or "none"
        return self.error(f"text as {name}", f"none (fields: {fields})", f"request fl={name},… or fl=* from Solr")

    @property
    def _members(self) -> dict[str, object]:
        if not isinstance(self.fields, dict):
            raise self.error("a document", repr(self.fields)[:60])
        return self.fields

    def _values(self, name: str) -> list[object]:
        value = self._members.get(name)
        return [each for each in (value if isinstance(value, list) else [value]) if each is not None]

    def _value(self, name: str) -> object:
        values = self._values(name)
        if len(values) > 1:
            raise self.error(f"one value as {name}", f"{len(values)} values")
        return values[0] if values else None

    def _text(self, name: str, value: object) -> str:
        if not isinstance(value, str):
            raise self.error(f"text as {name}", repr(value)[:60])
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise self.error(f"Unicode as {name}", f"an unpaired surrogate at character {error.start:,}") from None
        return value
