"""Translation of errors to Flight statuses; the only place where it happens.

A client receives the text of an error and nothing about the code that raised it.
"""

import uuid
from collections.abc import Collection
from urllib.parse import quote

import pyarrow as pa
import pyarrow.flight as flight
from structlog.typing import FilteringBoundLogger

from srcql import errors

# A status travels in headers, percent-encoded and in base64; gRPC rejects headers of about 8 KiB and more.
MESSAGE_SIZE = 3_000
PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F) if code != ord("%"))


class WithoutTraceback(Exception):
    """An error that Arrow sends without its Python traceback: Arrow sends only the type's name if formatting fails."""

    @property
    def __cause__(self) -> BaseException | None:  # type: ignore[override]
        raise AttributeError

    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]
        raise AttributeError


def _status_type(kind: type[errors.SrcqlError], status: type[Exception]) -> type[Exception]:
    """Return Arrow's exception for a status under the name of our error; clients see that name as the only detail."""
    return type(kind.__name__, (WithoutTraceback, status), {})


STATUSES: dict[type[errors.SrcqlError], type[Exception]] = {
    kind: _status_type(kind, status)
    for kind, status in (
        (errors.InvalidQuery, pa.ArrowInvalid),
        (errors.InvalidData, pa.ArrowInvalid),
        (errors.ExecutionError, pa.ArrowInvalid),
        (errors.UnknownName, pa.ArrowKeyError),
        (errors.Unsupported, pa.ArrowNotImplementedError),
        (errors.Unauthenticated, flight.FlightUnauthenticatedError),
        (errors.Forbidden, flight.FlightUnauthorizedError),
        (errors.StoreError, flight.FlightInternalError),
        (errors.Cancelled, flight.FlightCancelledError),
        (errors.TimedOut, flight.FlightTimedOutError),
        (errors.Unavailable, flight.FlightUnavailableError),
    )
}


def truncate(message: str) -> str:
    """Return the message, cut to the size that a status can carry."""
    start = message[:MESSAGE_SIZE]
    while _encoded_size(start) > MESSAGE_SIZE * 7 // 3:
        start = start[: len(start) * 9 // 10]
    return message if len(start) == len(message) else f"{start} ... (truncated)"


def _printable(message: str) -> str:
    """Return the message as text that can be encoded: clients can send half of a surrogate pair in JSON."""
    return message.encode(errors="backslashreplace").decode()


def _encoded_size(message: str) -> int:
    return len(quote(message, safe=PRINTABLE)) + len(message.encode()) * 4 // 3


def to_status(error: BaseException, log: FilteringBoundLogger, private: Collection[str] | None = None) -> Exception:
    """Return the Flight exception for an error; Arrow sends its status and text.

    An unexpected error becomes INTERNAL with an id; the log has the traceback under this id. With `private`, folders
    that the caller must not see, the same applies to errors of the store and to every text that names such a folder.
    """
    for kind, status in STATUSES.items():
        if isinstance(error, kind) and (private is None or not _reveals(error, private)):
            return status(truncate(_printable(str(error))))
    error_id = uuid.uuid4().hex[:8]
    log.error("internal_error", id=error_id, exc_info=error)
    return STATUSES[errors.StoreError](f"internal error {error_id}: search the server log for this id")


def _reveals(error: BaseException, private: Collection[str]) -> bool:
    return isinstance(error, errors.StoreError) or any(folder in str(error) for folder in private)
