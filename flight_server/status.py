"""How an error leaves the server: the only place where one becomes a Flight status.

A client is told what the error says and nothing of the code that raised it.
"""

import uuid
from urllib.parse import quote

import pyarrow as pa
import pyarrow.flight as flight
from structlog.typing import FilteringBoundLogger

from srcql import errors

# A status travels in headers, percent-encoded and in base64; gRPC begins to refuse them at 8 KiB.
MESSAGE_SIZE = 3_000
PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F) if code != ord("%"))


class Told(Exception):
    """Arrow sends a Python traceback with these statuses; one that cannot be formatted leaves the type's name alone."""

    @property
    def __cause__(self) -> BaseException | None:  # type: ignore[override]
        raise AttributeError

    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]
        raise AttributeError


def _told(kind: type[errors.SrcqlError], status: type[Exception]) -> type[Exception]:
    """Arrow's exception of that status, under the name of our error: the name is the one detail that is sent."""
    return type(kind.__name__, (Told, status), {})


STATUSES: dict[type[errors.SrcqlError], type[Exception]] = {
    errors.InvalidQuery: _told(errors.InvalidQuery, pa.ArrowInvalid),
    errors.InvalidData: _told(errors.InvalidData, pa.ArrowInvalid),
    errors.ExecutionError: _told(errors.ExecutionError, pa.ArrowInvalid),
    errors.UnknownName: _told(errors.UnknownName, pa.ArrowKeyError),
    errors.Unsupported: _told(errors.Unsupported, pa.ArrowNotImplementedError),
    errors.Unauthenticated: _told(errors.Unauthenticated, flight.FlightUnauthenticatedError),
    errors.Forbidden: _told(errors.Forbidden, flight.FlightUnauthorizedError),
    errors.StoreError: _told(errors.StoreError, flight.FlightInternalError),
    errors.Cancelled: _told(errors.Cancelled, flight.FlightCancelledError),
    errors.TimedOut: _told(errors.TimedOut, flight.FlightTimedOutError),
    errors.Unavailable: _told(errors.Unavailable, flight.FlightUnavailableError),
}


def cut(message: str) -> str:
    """The message, or as much of its beginning as a status can carry."""
    kept = message[:MESSAGE_SIZE]
    while _size_on_the_wire(kept) > MESSAGE_SIZE * 7 // 3:
        kept = kept[: len(kept) * 9 // 10]
    return message if len(kept) == len(message) else f"{kept} ... (cut)"


def _size_on_the_wire(message: str) -> int:
    return len(quote(message, safe=PRINTABLE)) + len(message.encode()) * 4 // 3


def to_status(error: BaseException, log: FilteringBoundLogger, candid: bool = True) -> Exception:
    """What is raised in place of an error, so that Arrow sends its status and its text, and no more.

    What nobody foresaw is answered INTERNAL with an id, under which the log has the traceback; so is, unless `candid`,
    what the store says of itself, where names of files may stand.
    """
    for kind, status in STATUSES.items():
        if isinstance(error, kind) and (candid or kind is not errors.StoreError):
            return status(cut(str(error)))
    number = uuid.uuid4().hex[:8]
    log.error("internal error", id=number, exc_info=error)
    internal = STATUSES[errors.StoreError]
    return internal(f"internal error {number}: the log of the server tells more under this number")
