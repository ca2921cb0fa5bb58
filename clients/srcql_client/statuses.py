"""How an error comes back from a server: statuses of Flight and of its ADBC driver, as the errors they were.

What the driver, gRPC and Arrow put around the server's words is taken off. Arrow's detail names the very error where
the server sent it as one of Python's; else the status says what sort it was.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.flight as flight
from adbc_driver_manager import Error as DriverError

from srcql import errors

BY_CODE: dict[str, type[errors.SrcqlError]] = {
    "InvalidArgument": errors.InvalidQuery,
    "NotFound": errors.UnknownName,
    "Unimplemented": errors.Unsupported,
    "PermissionDenied": errors.Forbidden,
    "Unauthenticated": errors.Unauthenticated,
    "Canceled": errors.Cancelled,
    "DeadlineExceeded": errors.TimedOut,
    "Unavailable": errors.Unavailable,
    "Internal": errors.StoreError,
}

BY_NAME = {kind.__name__: kind for kind in errors.SrcqlError.__subclasses__()}

BY_FLIGHT: dict[type[BaseException], type[errors.SrcqlError]] = {
    flight.FlightUnavailableError: errors.Unavailable,
    flight.FlightTimedOutError: errors.TimedOut,
    flight.FlightCancelledError: errors.Cancelled,
    flight.FlightUnauthorizedError: errors.Forbidden,
    flight.FlightUnauthenticatedError: errors.Unauthenticated,
    flight.FlightInternalError: errors.StoreError,
    pa.ArrowKeyError: errors.UnknownName,
    pa.ArrowNotImplementedError: errors.Unsupported,
    pa.ArrowInvalid: errors.InvalidData,
}

_DRIVER = re.compile(r"\A(?:[A-Z_]+: )?(?:\[FlightSQL\] )?(.*?)(?: \((\w+); [^()]*\))?(?:\. Vendor code: \d+)?\Z", re.S)
_FLIGHT = re.compile(r"\A(?:Flight returned [\w ]+, with message: )?(.*?)(?:\. gRPC client debug context: .*)?\Z", re.S)
_DETAIL = re.compile(r"\. Detail: (?:Python exception: )?(\w+)\Z")


@contextmanager
def told_by(location: str) -> Iterator[None]:
    """Errors of the wire inside the block leave it as SrcqlError with the words of the server at `location`."""
    try:
        yield
    except DriverError as error:
        raise _from_driver(str(error), location) from None
    except (flight.FlightError, pa.ArrowException, OSError) as error:
        raise _from_wire(error, location) from None


def _from_wire(error: BaseException, location: str) -> errors.SrcqlError:
    """The error of a Flight call; the batches of a query meet their driver's errors here too, as Arrow's own."""
    text = str(error)
    if "[FlightSQL]" in text:
        return _from_driver(text, location)
    kind = next((ours for theirs, ours in BY_FLIGHT.items() if isinstance(error, theirs)), errors.ExecutionError)
    return _error(kind, _words(_FLIGHT, text), location)


def _from_driver(text: str, location: str) -> errors.SrcqlError:
    found = _DRIVER.match(text)
    code = found.group(2) if found else None
    return _error(BY_CODE.get(code or "", errors.ExecutionError), _words(_DRIVER, text), location)


def _words(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return found.group(1) if found else text


def _error(kind: type[errors.SrcqlError], words: str, location: str) -> errors.SrcqlError:
    """What the server said; a status without Arrow's detail was made on the way, where no server answered."""
    detail = _DETAIL.search(words)
    if detail is None and kind is errors.Unavailable:
        return kind(f"no server answers at {location}", hint="start one with srcql serve, or check the address")
    if detail is None:
        return kind(words)
    return BY_NAME.get(detail.group(1), kind)(words[: detail.start()])
