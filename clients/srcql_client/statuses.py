"""Errors of a server: statuses of Flight and of the ADBC driver, translated back to SrcqlError.

The text that the driver, gRPC and Arrow add to the server's message is removed. Arrow's detail names the class of the
error if the server raised it; otherwise the status code determines the class.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.flight as flight
from adbc_driver_manager import Error as DriverError

from srcql import errors

from .connection import name_place

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
# Texts of gRPC in Go (the driver) and in C++ (Flight), for a server that answers but does not connect.
_CONNECTING = (
    (
        re.compile(r"unknown authority|issuer certificate|self-signed certificate"),
        "set SRCQL_TLS_ROOTS (tls_roots) to a PEM file of trusted certificates",
    ),
    (
        re.compile(r"handshake|server preface|Verification Check|connect to all addresses;.*Socket closed", re.I),
        "check the address, and that grpc:// or grpc+tls:// matches the server",
    ),
)
_DETAIL = re.compile(r"\. Detail: (?:Python exception: )?(\w+)\Z")


@contextmanager
def translate_errors(location: str) -> Iterator[None]:
    """Raise errors of the wire as SrcqlError, with the message of the server at `location`."""
    try:
        yield
    except DriverError as error:
        raise _from_driver(str(error), location) from None
    except (flight.FlightError, pa.ArrowException, OSError) as error:
        raise _from_wire(error, location) from None


def _from_wire(error: BaseException, location: str) -> errors.SrcqlError:
    """Return the error of a Flight call; reading the batches of a query raises the driver's errors as Arrow's."""
    text = str(error)
    if "[FlightSQL]" in text:
        return _from_driver(text, location)
    kind = next((ours for kind, ours in BY_FLIGHT.items() if isinstance(error, kind)), errors.ExecutionError)
    return _error(kind, _message(_FLIGHT, text), location)


def _from_driver(text: str, location: str) -> errors.SrcqlError:
    found = _DRIVER.match(text)
    code = found.group(2) if found else None
    return _error(BY_CODE.get(code or "", errors.ExecutionError), _message(_DRIVER, text), location)


def _message(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return found.group(1) if found else text


def _error(kind: type[errors.SrcqlError], message: str, location: str) -> errors.SrcqlError:
    """Return the error of the server; a status without Arrow's detail comes from gRPC, not from a server."""
    detail = _DETAIL.search(message)
    if detail is None and kind is errors.Unavailable:
        for pattern, hint in _CONNECTING:
            if pattern.search(message):
                return kind(f"cannot connect to {location}", hint=hint)
        return kind(f"no server answers at {location}", hint="check the address, or start a server with srcql serve")
    if detail is None:
        return kind(message)
    return BY_NAME.get(detail.group(1), kind)(name_place(message[: detail.start()], location))
