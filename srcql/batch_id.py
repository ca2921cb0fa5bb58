"""Batch ids: a table adds the rows of an id once. Without one, the id is a digest of the rows.

>>> check_batch_id("night-7")
>>> check_batch_id("")
Traceback (most recent call last):
    ...
srcql.errors.InvalidData: batch_id: expected text of 1 to 1,000 bytes, found ''
  hint: use a UUID, or a name derived from the rows
"""

from enum import Enum
from typing import Final

from srcql.errors import InvalidData

MAX_BATCH_ID_BYTES = 1000


class OfContent(Enum):
    """The type of OF_CONTENT."""

    OF_CONTENT = "of content"

    def __repr__(self) -> str:
        return self.name


OF_CONTENT: Final = OfContent.OF_CONTENT  # the batch id is a digest of the rows: sending them again adds nothing
BatchId = str | OfContent | None  # None: a new random id, so that the rows are added in any case


def check_batch_id(batch_id: object) -> None:
    """Raise InvalidData unless the id is text of at most MAX_BATCH_ID_BYTES bytes, OF_CONTENT or None."""
    if batch_id is None or isinstance(batch_id, OfContent):
        return
    shown = repr(batch_id[:20]) if isinstance(batch_id, str) else f"{batch_id!r} of type {type(batch_id).__name__}"[:80]
    try:
        valid = isinstance(batch_id, str) and 0 < len(batch_id.encode()) <= MAX_BATCH_ID_BYTES
    except UnicodeEncodeError:
        valid = False
    if not valid:
        raise InvalidData(
            f"batch_id: expected text of 1 to {MAX_BATCH_ID_BYTES:,} bytes, found {shown}",
            hint="use a UUID, or a name derived from the rows",
        )
