"""Users for tests: a users file with cheap password hashes, and the headers that authenticate them."""

import base64
import hashlib
from pathlib import Path

import pyarrow.flight as flight

from flight_server.access import credentials, users
from flight_server.access.users import User

COSTS = (4, 8, 1)


def hash_password(text: str) -> str:
    """Return the hash of a password at costs that tests can afford."""
    salt = b"salt" * 4
    digest = hashlib.scrypt(text.encode(), salt=salt, n=2 ** COSTS[0], r=COSTS[1], p=COSTS[2], dklen=32)
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return "$".join(("scrypt", ",".join(map(str, COSTS)), *encoded))


def add_user(file: Path, name: str, role: str = "read", data_sets: set[str] | None = None) -> User:
    """Add a user to the file, with a password and a token that are made from the name."""
    granted = None if data_sets is None else frozenset(data_sets)
    user = User(name, role, granted, hash_password(password(name)), credentials.hash_token(token(name)))
    file.parent.mkdir(parents=True, exist_ok=True)
    users.add(file, user)
    return user


def password(name: str) -> str:
    return f"password of {name}"


def token(name: str) -> str:
    return f"{credentials.TOKEN_PREFIX}{name}"


def bearer(value: str) -> flight.FlightCallOptions:
    """Return the options of a call with this token."""
    return flight.FlightCallOptions(headers=[(b"authorization", f"Bearer {value}".encode())])


def basic(name: str, secret: str, padded: bool = True) -> flight.FlightCallOptions:
    """Return the options of a call with this name and password."""
    value = basic_value(name, secret)
    header = f"Basic {value if padded else value.rstrip('=')}"
    return flight.FlightCallOptions(headers=[(b"authorization", header.encode())])


def basic_value(name: str, secret: str | None = None) -> str:
    """Return a name and a password, by default the user's, in base64."""
    return base64.b64encode(f"{name}:{password(name) if secret is None else secret}".encode()).decode()
