"""Sessions: options that a client sets once for all its statements.

The cookie `arrow_flight_session_id` identifies a session, else the login of the call's token; a call without both has
the default options. A session begins with the first option that is set. The client of an expired session receives an
error, so no statement runs under other options than the client expects.
"""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Protocol

import pyarrow.flight as flight
from google.protobuf.message import Message

from flight_server.identity import Identity
from flight_server.state.options import DEFAULTS, Options, update_options
from srcql.errors import Unavailable, UnknownName

COOKIE = "arrow_flight_session_id"
LOGIN = "login"
MAX_EXPIRED = 10_000
Key = tuple[str, str, str]  # user, COOKIE or LOGIN, its value


class Caller(Protocol):
    """The parts of a call that identify its session."""

    identity: Identity
    login_id: str | None

    def header(self, name: str) -> str | None:
        """Return a header that the client sent."""


@dataclass
class _Session:
    options: Options
    last_use: float


class Sessions:
    """The sessions of a server: at most `limit` for each user; a session expires after `idle` seconds without use."""

    def __init__(self, limit: int, idle: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._idle = idle
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: OrderedDict[Key, _Session] = OrderedDict()
        self._expired: OrderedDict[Key, None] = OrderedDict()

    def __len__(self) -> int:
        with self._lock:
            self._reap()
            return len(self._sessions)

    def options(self, caller: Caller) -> Options:
        """Return the options of a call; raise UnknownName if its session has expired."""
        with self._lock:
            session = self._find(_key(caller))
            return session.options if session else DEFAULTS

    def set(self, context: flight.ServerCallContext, caller: Caller, changes: Iterable[Message]) -> dict[str, int]:
        """Change options, in a new session if there is none; return the error codes of invalid changes."""
        with self._lock:
            key = _key(caller)
            session = self._find(key)
            options, errors = update_options(session.options if session else DEFAULTS, changes)
            if session:
                session.options = options
            elif options != DEFAULTS:
                self._begin(key or self._new_key(context, caller), options)
            return errors

    def close(self, caller: Caller) -> None:
        """Close the session of a call, if it has one."""
        with self._lock:
            key = _key(caller)
            if key:
                self._sessions.pop(key, None)
                self._expired.pop(key, None)

    def _begin(self, key: Key, options: Options) -> None:
        if sum(user == key[0] for user, _, _ in self._sessions) >= self._limit:
            raise Unavailable(f"{self._limit} sessions are already open", hint="close one, or try again later")
        self._sessions[key] = _Session(options, self._clock())

    def _new_key(self, context: flight.ServerCallContext, caller: Caller) -> Key:
        """Return the key of a new session, and send it to the client as a cookie."""
        identifier = secrets.token_urlsafe(16)
        context.add_header("set-cookie", f"{COOKIE}={identifier}; HttpOnly")
        return caller.identity.name, COOKIE, identifier

    def _find(self, key: Key | None) -> _Session | None:
        self._reap()
        if key is None:
            return None
        session = self._sessions.get(key)
        if session:
            session.last_use = self._clock()
            self._sessions.move_to_end(key)
        elif key in self._expired or key[1] == COOKIE:
            self._expired.pop(key, None)
            hint = f"connect again and set the options again; sessions expire after {self._idle:g} seconds without use"
            raise UnknownName("the session has expired or was closed", hint=hint)
        return session

    def _reap(self) -> None:
        while self._sessions:
            key, session = next(iter(self._sessions.items()))
            if self._clock() - session.last_use <= self._idle:
                return
            del self._sessions[key]
            self._expired[key] = None
            if len(self._expired) > MAX_EXPIRED:
                self._expired.popitem(last=False)


def _key(caller: Caller) -> Key | None:
    try:
        cookie = SimpleCookie(caller.header("cookie") or "").get(COOKIE)
    except CookieError:
        cookie = None
    if cookie:
        return caller.identity.name, COOKIE, cookie.value
    return (caller.identity.name, LOGIN, caller.login_id) if caller.login_id else None
