"""Users for servers: a users file whose passwords cost little, and headers by which they are let in."""

import base64
import hashlib
from pathlib import Path

import pyarrow.flight as flight

from flight_server.access import users
from flight_server.access.users import User

COSTS = (4, 8, 1)


def password_of(text: str) -> str:
    """What the file keeps of a password, at a cost that tests can pay."""
    salt = b"salt" * 4
    digest = hashlib.scrypt(text.encode(), salt=salt, n=2 ** COSTS[0], r=COSTS[1], p=COSTS[2], dklen=32)
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return "$".join(("scrypt", ",".join(map(str, COSTS)), *encoded))


def person(file: Path, name: str, role: str = "read", data_sets: set[str] | None = None) -> User:
    """A new user of the file, whose password and token are made of the name."""
    granted = None if data_sets is None else frozenset(data_sets)
    user = User(name, role, granted, password_of(password(name)), users.token_hash(token(name)))
    users.add(file, user)
    return user


def password(name: str) -> str:
    return f"password of {name}"


def token(name: str) -> str:
    return f"{users.TOKEN_PREFIX}{name}"


def bearing(said: str) -> flight.FlightCallOptions:
    """The options of a call with this token."""
    return flight.FlightCallOptions(headers=[(b"authorization", f"Bearer {said}".encode())])


def basic(name: str, said: str, padded: bool = True) -> flight.FlightCallOptions:
    """The options of a call with this name and password."""
    value = encoded(name, said)
    header = f"Basic {value if padded else value.rstrip('=')}"
    return flight.FlightCallOptions(headers=[(b"authorization", header.encode())])


def encoded(name: str, said: str | None = None) -> str:
    """A name and a password, by default its own, in base64."""
    return base64.b64encode(f"{name}:{password(name) if said is None else said}".encode()).decode()
