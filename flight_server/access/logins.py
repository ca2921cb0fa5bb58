"""Authentication of calls by their `authorization` header.

A user name and a password (Basic) are exchanged for a token (Bearer), which the client sends from then on. The token
holds its user and its expiry, signed with the key of the users file: every server with the same file accepts it, also
after a restart. It ends at its expiry, and at once when its user is removed or changed.
"""

import base64
import hmac
import json
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from flight_server.access import credentials, users
from flight_server.access.turns import Turns
from flight_server.access.users import User, Users
from flight_server.identity import ANONYMOUS, Identity
from srcql.errors import Unauthenticated

MAX_LOGIN_SECONDS = 30 * 86_400  # renewals end then, and the client has to send its password again
MAX_CACHED_PASSWORDS = 1_000
MAX_WAITING_FOR_A_NAME, MAX_WAITING = 64, 256


@dataclass(frozen=True)
class Login:
    """The result of authentication: the user, and the token that the client must use from now on, if any.

    `id` stays the same when the token is renewed; it is None without a login.
    """

    identity: Identity
    id: str | None = None
    token: str | None = None


class Authenticator(Protocol):
    """The way in which a server authenticates its callers."""

    def authenticate(self, authorization: str | None, handshake: bool) -> Login:
        """Return the login of a call with this header; raise Unauthenticated if the header proves no user."""


class NoAuthentication:
    """Accepts every caller. Clients that log in expect a token; it has no effect."""

    def authenticate(self, authorization: str | None, handshake: bool) -> Login:
        """Return an anonymous login."""
        scheme, value = _split_header(authorization)
        token = value if scheme == "bearer" else None
        return Login(ANONYMOUS, token, (token or secrets.token_urlsafe(32)) if handshake else None)


class UsersAuthenticator:
    """Accepts the users of a file, and reads the file again when it has changed.

    One password is verified at a time, which limits guesses to a few a second. Callers wait in one line for each user
    name, and the lines take turns: guesses for one name do not delay the logins of other users. An unknown user name
    takes as long as a wrong password, and waits like one. A verified password is cached until the file changes.
    Raises StoreError while the file cannot be read.
    """

    def __init__(self, path: Path, lifetime: float, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._lifetime = lifetime
        self._clock = clock
        self._lock = threading.Lock()
        self._turns = Turns(MAX_WAITING_FOR_A_NAME, MAX_WAITING)
        self._secret = secrets.token_bytes(32)
        self._verified: OrderedDict[bytes, User] = OrderedDict()
        self._users = users.read(path)
        self._read_from = self._fingerprint()

    def authenticate(self, authorization: str | None, handshake: bool) -> Login:
        """Return the login of a call with this header, with a token if the client needs a new one."""
        if authorization is None:
            hint = "send a user and a password, or a token; srcql reads SRCQL_USER and SRCQL_PASSWORD, or SRCQL_TOKEN"
            raise Unauthenticated("authentication required", hint=hint)
        known, (scheme, value) = self._current_users(), _split_header(authorization)
        if scheme == "basic":
            user = self._verify_password(known, value)
            return self._issue_token(known, user, secrets.token_hex(8), int(self._clock()))
        if scheme != "bearer":
            raise _invalid_credentials()
        if user_of_token := known.by_token(value):
            return Login(user_of_token.identity, credentials.hash_token(value), value if handshake else None)
        return self._verify_token(known, value, handshake)

    def _current_users(self) -> Users:
        with self._lock:
            if (fingerprint := self._fingerprint()) != self._read_from or not fingerprint:
                self._read_from = None
                self._users = users.read(self._path)
                self._read_from = fingerprint
                self._verified.clear()
            return self._users

    def _fingerprint(self) -> tuple[int, ...] | None:
        """Return a fingerprint that changes with the file; None if the file is missing."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino

    def _verify_password(self, known: Users, value: str) -> User:
        name, _, password = _decode(value).partition(":")
        user = known.by_name.get(name)
        digest = hmac.digest(self._secret, value.encode(), "sha256")
        if user and self._is_verified(digest, user):
            return user
        with self._turns.take(name):
            if user and self._is_verified(digest, user):  # while this call was waiting
                return user
            stored = user.password if user and user.password else credentials.dummy_password_hash()
            matches = credentials.verify_password(password, stored)
            if not user or not user.password or not matches:
                raise _invalid_credentials()
            self._remember(digest, user)
        return user

    def _is_verified(self, digest: bytes, user: User) -> bool:
        with self._lock:
            return self._verified.get(digest) is user

    def _remember(self, digest: bytes, user: User) -> None:
        with self._lock:
            self._verified[digest] = user
            if len(self._verified) > MAX_CACHED_PASSWORDS:
                self._verified.popitem(last=False)

    def _verify_token(self, known: Users, token: str, handshake: bool) -> Login:
        """Return the login of a token; renew the token in the second half of its lifetime."""
        payload, _, signature = token.rpartition(".")
        name, *rest = payload.split(".")
        user = known.by_name.get(_decode(name, b"-_"))
        if user is None or not hmac.compare_digest(signature.encode(), _sign(known, user, payload).encode()):
            raise _invalid_credentials()
        login_id, began, expires = rest[0], int(rest[1]), int(rest[2])
        if self._clock() >= expires:
            raise _invalid_credentials()
        if expires - self._clock() < self._lifetime / 2 and expires < began + MAX_LOGIN_SECONDS:
            return self._issue_token(known, user, login_id, began)
        return Login(user.identity, login_id, token if handshake else None)

    def _issue_token(self, known: Users, user: User, login_id: str, began: int) -> Login:
        expires = int(min(self._clock() + self._lifetime, began + MAX_LOGIN_SECONDS))
        payload = f"{base64.urlsafe_b64encode(user.name.encode()).decode()}.{login_id}.{began}.{expires}"
        return Login(user.identity, login_id, f"{payload}.{_sign(known, user, payload)}")


def _split_header(authorization: str | None) -> tuple[str, str]:
    scheme, _, value = (authorization or "").partition(" ")
    return scheme.lower(), value.strip()


def _decode(value: str, altchars: bytes = b"+/") -> str:
    """Return the text of base64, which some clients send without padding; an empty text for invalid base64."""
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), altchars, validate=True).decode()
    except ValueError:
        return ""


def _sign(known: Users, user: User, payload: str) -> str:
    """Return a signature that also covers the user's hashes: it becomes invalid when the user changes."""
    signed = json.dumps([payload, user.password, user.token]).encode()
    return base64.urlsafe_b64encode(hmac.digest(known.key, signed, "sha256")).decode()


def _invalid_credentials() -> Unauthenticated:
    return Unauthenticated("unknown user, wrong password, or invalid or expired token")
