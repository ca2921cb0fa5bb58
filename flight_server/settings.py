"""Settings of a server: one frozen value; the environment variable SRCQL_<FIELD> sets each field."""

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from srcql.environment import PREFIX, parse_catalog
from srcql.errors import SrcqlError

PLAIN, TLS = "grpc", "grpc+tls"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
MEMORY = re.compile(r"\d+(\.\d+)? ?([KMGT]i?B?|%)", re.IGNORECASE)


class InvalidSetting(SrcqlError):
    """A setting with which the server cannot start."""


@dataclass(frozen=True)
class Settings:
    """The warehouse, the address, users and TLS, and the limits of one server. Times are in seconds.

    >>> Settings(warehouse="warehouse").statements
    32
    """

    warehouse: str | None = None
    catalog: Mapping[str, str] | None = None
    listen: str = "grpc://127.0.0.1:0"
    statement_timeout: float | None = 300.0
    statement_memory: str | None = None
    statements: int = 32
    queue: int = 1_000
    queue_seconds: float = 60.0
    handles: int = 10_000
    handle_ttl: float = 600.0
    sessions: int = 1_000
    session_idle: float = 3_600.0
    grace: float = 30.0
    threads: int | None = None
    memory_limit: str | None = None
    users: str | None = None
    token_lifetime: float = 43_200.0
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_client_ca: str | None = None
    allow_plaintext: bool = False
    durable: bool = True

    def __post_init__(self) -> None:
        if not self.warehouse and self.catalog is None:  # "" would be the current folder
            hint = "set --warehouse or SRCQL_WAREHOUSE to a folder, or set SRCQL_CATALOG"
            raise InvalidSetting("missing warehouse", hint=hint)
        self._check_address()
        for name in ("statements", "handles", "sessions", "threads", "token_lifetime"):
            self._check_number(name, lambda number: 1 <= number < math.inf, "at least 1")
        for name in ("statement_timeout", "handle_ttl", "session_idle"):
            self._check_number(name, lambda number: 0 < number < math.inf, "greater than 0 seconds")
        for name in ("grace", "queue_seconds"):
            self._check_number(name, lambda number: 0 <= number < math.inf, "at least 0 seconds")
        self._check_number("queue", lambda number: 0 <= number < math.inf, "at least 0")
        for name in ("memory_limit", "statement_memory"):
            size = getattr(self, name)
            if size is not None and not MEMORY.fullmatch(size):
                raise _unexpected(name, "a size such as 4GB", repr(size))

    def _check_number(self, name: str, is_valid: Callable[[float], bool], expected: str) -> None:
        number = getattr(self, name)
        if number is not None and not is_valid(number):
            raise _unexpected(name, expected, f"{number:g}")

    def _check_address(self) -> None:
        scheme, host, port = _parse_address(self.listen)
        if scheme not in (PLAIN, TLS):
            raise InvalidSetting(f"unsupported scheme {scheme}://", hint=f"use {PLAIN}:// or {TLS}://")
        self._check_tls(scheme == TLS)
        if host in LOOPBACK:
            return
        if self.users is None:
            raise InvalidSetting(
                f"users are required to listen on {host}: without them anyone can read and write",
                hint=f"set SRCQL_USERS to a users file, or listen on {scheme}://127.0.0.1:{port}",
            )
        if scheme == PLAIN and not self.allow_plaintext:
            raise InvalidSetting(
                f"TLS is required to listen on {host}: without it passwords and tokens are sent unencrypted",
                hint=f"listen on {TLS}://, or set SRCQL_ALLOW_PLAINTEXT=true behind a proxy that has TLS",
            )

    def _check_tls(self, tls: bool) -> None:
        pair = {"SRCQL_TLS_CERT": self.tls_cert, "SRCQL_TLS_KEY": self.tls_key}
        given = " and ".join(name for name, path in pair.items() if path)
        missing = " and ".join(name for name, path in pair.items() if not path)
        if tls and missing:
            hint = f"set {missing}, or listen on {PLAIN}://"
            raise InvalidSetting(f"missing {missing} for the address {self.listen}", hint=hint)
        if given and not tls:
            verb, rest, them = ("is", f" and set {missing}", given) if missing else ("are", "", "both")
            hint = f"listen on {self.listen.replace(PLAIN, TLS, 1)}{rest}, or unset {them}"
            raise InvalidSetting(f"{given} {verb} set, but the address {self.listen} has no TLS", hint=hint)
        if self.tls_client_ca and not tls:
            hint = f"set SRCQL_TLS_CERT and SRCQL_TLS_KEY, and listen on {TLS}://"
            raise InvalidSetting("SRCQL_TLS_CLIENT_CA needs TLS", hint=hint)

    @classmethod
    def variables(cls) -> set[str]:
        """Return the names of the environment variables that set the fields."""
        return {f"{PREFIX}{field.name.upper()}" for field in fields(cls)}

    @classmethod
    def from_environment(cls, **overrides: Any) -> "Settings":
        """Return the settings of the environment; overrides that are not None take precedence."""
        chosen: dict[str, Any] = {name: value for name, value in overrides.items() if value is not None}
        for field in fields(cls):
            text = os.environ.get(f"SRCQL_{field.name.upper()}")
            if text is not None and field.name not in chosen:
                chosen[field.name] = _parse(field.name, text)
        return cls(**chosen)


def _parse_flag(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text.lower()]


def _parse_catalog(text: str) -> dict[str, str] | None:
    return parse_catalog(text) if text else None


PARSERS: dict[str, Callable[[str], object]] = {
    "catalog": _parse_catalog,
    "statement_timeout": float,
    "statements": int,
    "queue": int,
    "queue_seconds": float,
    "handles": int,
    "handle_ttl": float,
    "sessions": int,
    "session_idle": float,
    "grace": float,
    "threads": int,
    "token_lifetime": float,
    "allow_plaintext": _parse_flag,
    "durable": _parse_flag,
}


EXPECTED: dict[Callable[[str], object], str] = {
    int: "a whole number",
    float: "a number",
    _parse_catalog: "a JSON object of texts",
    _parse_flag: "true or false",
}


def _parse(name: str, text: str) -> object:
    parse = PARSERS.get(name, str)
    try:
        return parse(text)
    except (KeyError, ValueError):
        raise _unexpected(name, EXPECTED[parse], repr(text)) from None


def _unexpected(name: str, expected: str, found: str) -> InvalidSetting:
    return InvalidSetting(f"expected SRCQL_{name.upper()} to be {expected}, found {found}")


def _parse_address(listen: str) -> tuple[str, str, int]:
    try:
        address = urlsplit(listen)
    except ValueError:  # as for grpc://[::
        raise _no_address(listen) from None
    try:
        host, port = address.hostname, address.port
    except ValueError:
        found = address.netloc.rpartition(":")[2]
        hint = "use port 0 for any free port"
        raise InvalidSetting(f"expected a port from 0 to 65535, found {found}", hint=hint) from None
    if not host or port is None or "@" in address.netloc or address.path or address.query or address.fragment:
        raise _no_address(listen)
    return address.scheme, host, port


def _no_address(listen: str) -> InvalidSetting:
    hint = "use grpc://127.0.0.1:0 for any free port"
    return InvalidSetting(f"expected an address of scheme, host and port alone, found {listen!r}", hint=hint)
