"""One document of a Solr export: its fields, taken as what they have to be.

A field that the index has as multi-valued comes as a list, any other as the value itself; both are read.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from srcql.errors import InvalidData

_INT32 = range(-(2**31), 2**31)


@dataclass(frozen=True)
class Document:
    """The fields of the document at a place of the export, from 0; each may be missing.

    >>> unit = Document(0, {"id": "7bc3388a", "abstractionId": ["Stack"], "m_static_loc_td": [17.0]})
    >>> unit.text("id"), unit.texts("abstractionId"), unit.whole("m_static_loc_td"), unit.text("content")
    ('7bc3388a', ['Stack'], 17, None)
    """

    place: int
    fields: Any

    def texts(self, name: str) -> list[str]:
        """The texts of a field, each once, in their order."""
        found = dict.fromkeys(self._text(name, value) for value in self._values(name))
        return [text for text in found if text]

    def text(self, name: str) -> str | None:
        """The one text of a field; None when it is missing or empty."""
        value = self._value(name)
        return None if value is None else self._text(name, value) or None

    def whole(self, name: str) -> int | None:
        """A whole number of 32 bits, which Solr keeps as a double."""
        value = self._value(name)
        if value is None:
            return None
        if not isinstance(value, float) or not value.is_integer() or int(value) not in _INT32:
            raise self.wrong(f"a whole number of 32 bits as {name}", repr(value))
        return int(value)

    def time(self, name: str) -> datetime | None:
        """A time in UTC, such as 2026-01-02T03:04:05Z."""
        text = self.text(name)
        if text is None:
            return None
        try:
            time = datetime.fromisoformat(text)
            return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
        except (ValueError, OverflowError):
            raise self.wrong(f"a time such as 2026-01-02T03:04:05Z as {name}", repr(text)) from None

    def wrong(self, expected: str, found: str, hint: str | None = None) -> InvalidData:
        """The error that names the document by its place."""
        return InvalidData(f"docs[{self.place}]: expected {expected}, found {found}", hint=hint)

    def lacks(self, name: str) -> InvalidData:
        """The error for a field without which the document cannot be read."""
        fields = ", ".join(list(self.fields)[:20]) or "none"
        return self.wrong(
            f"a field {name}", f"no text in it (fields: {fields})", f"ask Solr for fl={name},… or for fl=*"
        )

    def _values(self, name: str) -> list[Any]:
        if not isinstance(self.fields, dict):
            raise self.wrong("a document", repr(self.fields)[:60])
        value = self.fields.get(name)
        return [each for each in (value if isinstance(value, list) else [value]) if each is not None]

    def _value(self, name: str) -> Any:
        values = self._values(name)
        if len(values) > 1:
            raise self.wrong(f"one value as {name}", f"{len(values)}")
        return values[0] if values else None

    def _text(self, name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise self.wrong(f"text as {name}", repr(value)[:60])
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise self.wrong(f"Unicode as {name}", f"half a surrogate pair at character {error.start:,}") from None
        return value
