"""Logging in: what the headers of a call say of who makes it.

A name and a password (Basic) are answered with a token (Bearer), which a client sends from then on. Such a token says
whose it is and until when, under a signature of the users file's key, so that every server that reads the same file
takes it, and one that was restarted does. It ends with its time, and at once when its user is removed or changed.
"""

import base64
import hmac
import json
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from flight_server.access import users
from flight_server.access.auth import ANYBODY, Identity
from flight_server.access.users import User, Users
from srcql.errors import Unauthenticated, Unavailable

LONGEST_LOGIN = 30 * 86_400  # seconds after which the password is asked for, however often a token was renewed
KNOWN_PASSWORDS = 1_000
WAITING = 16


@dataclass(frozen=True)
class Admitted:
    """Somebody who was let in by one login, and the token, if any, that the client is to use from now on.

    `login` stays the same when the token of a login is renewed.
    """

    identity: Identity
    login: str | None = None
    token: str | None = None


class Door(Protocol):
    """Who is let in."""

    def admit(self, authorization: str | None, handshake: bool) -> Admitted:
        """Who makes a call with this header; Unauthenticated when that is not known."""


class OpenDoor:
    """Everybody is let in. Clients that log in expect a token, which opens nothing."""

    def admit(self, authorization: str | None, handshake: bool) -> Admitted:
        """Anybody."""
        kind, value = _split(authorization)
        known = value if kind == "bearer" else None
        return Admitted(ANYBODY, known, (known or secrets.token_urlsafe(32)) if handshake else None)


class UsersDoor:
    """The users of a file are let in; a file that was changed is read again.

    One password is checked at a time, and few wait for it: a server tries some passwords a second, whoever asks. A name
    that does not exist takes as long. A password that was right is not checked again while the file is the same.
    Raises StoreError while the file cannot be read.
    """

    def __init__(self, path: Path, lifetime: float, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._lifetime = lifetime
        self._clock = clock
        self._lock = threading.Lock()
        self._checking = threading.Lock()
        self._waiting = threading.BoundedSemaphore(WAITING)
        self._secret = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, User] = OrderedDict()
        self._users = users.read(path)
        self._seen = self._mark()

    def admit(self, authorization: str | None, handshake: bool) -> Admitted:
        """Who makes a call with this header, and their token where they do not have it yet."""
        if authorization is None:
            raise Unauthenticated("this server knows its users", hint="send a user and a password, or a token")
        known, (kind, value) = self._current(), _split(authorization)
        if kind == "basic":
            return self._logged_in(known, self._by_password(known, value), secrets.token_hex(8), int(self._clock()))
        if kind != "bearer":
            raise _unknown()
        if user := known.by_token(value):
            return Admitted(user.identity, users.token_hash(value), value if handshake else None)
        return self._by_login(known, value, handshake)

    def _current(self) -> Users:
        with self._lock:
            if (mark := self._mark()) != self._seen or not mark:
                self._seen = None
                self._users = users.read(self._path)
                self._seen = mark
                self._right.clear()
            return self._users

    def _mark(self) -> tuple[int, ...] | None:
        """What is another when the file is another; None when there is none."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino

    def _by_password(self, known: Users, value: str) -> User:
        name, _, password = _decoded(value).partition(":")
        user = known.named.get(name)
        said = hmac.digest(self._secret, value.encode(), "sha256")
        with self._lock:
            if user and self._right.get(said) is user:
                return user
        with self._one_at_a_time():
            right = users.fits(password, user.password if user and user.password else users.nobodys())
        if not user or not user.password or not right:
            raise _unknown()
        with self._lock:
            self._right[said] = user
            if len(self._right) > KNOWN_PASSWORDS:
                self._right.popitem(last=False)
        return user

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        if not self._waiting.acquire(blocking=False):
            raise Unavailable("too many log in at once", hint="try again in a moment")
        try:
            with self._checking:
                yield
        finally:
            self._waiting.release()

    def _by_login(self, known: Users, token: str, handshake: bool) -> Admitted:
        """Whose login a token is of; in the second half of its time there is a new one."""
        said, _, signature = token.rpartition(".")
        name, *times = said.split(".")
        user = known.named.get(_decoded(name, b"-_"))
        if user is None or not hmac.compare_digest(signature.encode(), _signature(known, user, said).encode()):
            raise _unknown()
        login, began, ends = times[0], int(times[1]), int(times[2])
        if self._clock() >= ends:
            raise _unknown()
        if ends - self._clock() < self._lifetime / 2 and ends < began + LONGEST_LOGIN:
            return self._logged_in(known, user, login, began)
        return Admitted(user.identity, login, token if handshake else None)

    def _logged_in(self, known: Users, user: User, login: str, began: int) -> Admitted:
        ends = int(min(self._clock() + self._lifetime, began + LONGEST_LOGIN))
        said = f"{base64.urlsafe_b64encode(user.name.encode()).decode()}.{login}.{began}.{ends}"
        return Admitted(user.identity, login, f"{said}.{_signature(known, user, said)}")


def _split(authorization: str | None) -> tuple[str, str]:
    kind, _, value = (authorization or "").partition(" ")
    return kind.lower(), value.strip()


def _decoded(value: str, letters: bytes = b"+/") -> str:
    """The text of base64, which some clients send without its padding; no text when it is none."""
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), letters, validate=True).decode()
    except ValueError:
        return ""


def _signature(known: Users, user: User, said: str) -> str:
    """It is made of the user's secrets too: of one who was changed or removed, it fits no more."""
    signed = json.dumps([said, user.password, user.token]).encode()
    return base64.urlsafe_b64encode(hmac.digest(known.key, signed, "sha256")).decode()


def _unknown() -> Unauthenticated:
    return Unauthenticated("that user and password, or that token, is not known here, or the token has expired")
