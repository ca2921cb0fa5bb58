"""Sessions: what a client may set once for all its statements.

A session is found by the cookie `arrow_flight_session_id`, else by the login that its token is of; without either there
is none, and a call has the defaults. It begins with the first option that is set. One that was idle too long has ended:
its client is told, so that no statement is read under other options than the client believes.
"""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any

from flight_server.calls import Call
from flight_server.state.options import DEFAULTS, Options, changed
from srcql.errors import Unavailable, UnknownName

COOKIE = "arrow_flight_session_id"
REMEMBERED = 10_000
Key = tuple[str, str, str]  # user, how it was found, by what


@dataclass
class _Session:
    options: Options
    used: float


class Sessions:
    """The sessions of a server: of one user at most `limit`, each until it is closed or idle for `idle` seconds."""

    def __init__(self, limit: int, idle: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._idle = idle
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: OrderedDict[Key, _Session] = OrderedDict()
        self._ended: OrderedDict[Key, None] = OrderedDict()

    def __len__(self) -> int:
        with self._lock:
            self._reap()
            return len(self._sessions)

    def options(self, call: Call) -> Options:
        """The options of a call; UnknownName when its session has ended."""
        with self._lock:
            session = self._find(_key(call))
            return session.options if session else DEFAULTS

    def set(self, context: Any, call: Call, given: Iterable[Any]) -> dict[str, int]:
        """Change options, in a new session where there is none; what is wrong with those that stay as they were."""
        with self._lock:
            key = _key(call)
            session = self._find(key)
            options, errors = changed(session.options if session else DEFAULTS, given)
            if session:
                session.options = options
            elif options != DEFAULTS:
                self._begin(key or self._invited(context, call), options)
            return errors

    def close(self, call: Call) -> None:
        """End the session of a call, if it has one."""
        with self._lock:
            key = _key(call)
            if key:
                self._sessions.pop(key, None)
                self._ended.pop(key, None)

    def _begin(self, key: Key, options: Options) -> None:
        if sum(user == key[0] for user, _, _ in self._sessions) >= self._limit:
            raise Unavailable(f"there are {self._limit} sessions", hint="close one, or ask again in a moment")
        self._sessions[key] = _Session(options, self._clock())

    def _invited(self, context: Any, call: Call) -> Key:
        """The key of a new session; its client is asked to send it with its later calls."""
        identifier = secrets.token_urlsafe(16)
        context.add_header("set-cookie", f"{COOKIE}={identifier}; HttpOnly")
        return call.identity.name, COOKIE, identifier

    def _find(self, key: Key | None) -> _Session | None:
        self._reap()
        if key is None:
            return None
        session = self._sessions.get(key)
        if session:
            session.used = self._clock()
            self._sessions.move_to_end(key)
        elif key in self._ended or key[1] == COOKIE:
            self._ended.pop(key, None)
            hint = f"it was closed, or not used for {self._idle:g} seconds: connect again, and set its options again"
            raise UnknownName("the session has ended", hint=hint)
        return session

    def _reap(self) -> None:
        while self._sessions:
            key, session = next(iter(self._sessions.items()))
            if self._clock() - session.used <= self._idle:
                return
            del self._sessions[key]
            self._ended[key] = None
            if len(self._ended) > REMEMBERED:
                self._ended.popitem(last=False)


def _key(call: Call) -> Key | None:
    """What a call's session is found by."""
    try:
        cookie = SimpleCookie(call.header("cookie") or "").get(COOKIE)
    except CookieError:
        cookie = None
    if cookie:
        return call.identity.name, COOKIE, cookie.value
    return (call.identity.name, "login", call.login) if call.login else None
