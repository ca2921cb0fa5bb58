"""The lakehouse as it was.

AT (VERSION => snapshot_id) | AT (TIMESTAMP => 'time')
"""

from dataclasses import dataclass
from datetime import datetime

from srcql.reader import Span


@dataclass(frozen=True)
class At:
    """A snapshot of observations, or the last one at or before a time (UTC, naive); `span` is its place in the text."""

    version: int | None
    timestamp: datetime | None
    span: Span
