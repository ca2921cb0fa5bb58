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
# Texts of gRPC in Go (the driver) and in C++ (Flight) for a server that answers but does not connect, each with what
# failed and what to do.
_CONNECTING = (
    (
        re.compile(r"unknown authority|issuer certificate|self-signed certificate"),
        "cannot connect to {address}",
        "set SRCQL_TLS_ROOTS (tls_roots) to a PEM file of trusted certificates",
    ),
    (
        re.compile(r"does not look like a TLS handshake|wrong version number"),
        "the server at {address} has no TLS",
        "use grpc://{place}",
    ),
    (
        re.compile(r"HTTP/1|http1", re.I),
        "the server at {address} is no lakehouse: it answers as a web server",
        "check the address",
    ),
    (
        re.compile(r"server preface: EOF|connect to all addresses;.*Socket closed"),
        "the server at {address} closes connections without TLS",
        "use grpc+tls://{place}, or check the address",
    ),
    (
        re.compile(r"handshake|server preface|Verification Check", re.I),
        "cannot connect to {address}",
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
        place = location.partition("://")[2]
        for pattern, failure, hint in _CONNECTING:
            if pattern.search(message):
                return kind(failure.format(address=location), hint=hint.format(place=place))
        return kind(f"no server answers at {location}", hint="check the address, or start a server with srcql serve")
    if detail is None:
        return kind(message)
    return BY_NAME.get(detail.group(1), kind)(name_place(message[: detail.start()], location))
