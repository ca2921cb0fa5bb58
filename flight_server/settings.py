"""How a server is started: one frozen value, each field also read from the environment as SRCQL_<FIELD>."""

import json
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from srcql.errors import SrcqlError

PLAIN, TLS = "grpc", "grpc+tls"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
MEMORY = re.compile(r"\d+(\.\d+)? ?([KMGT]i?B?|%)", re.IGNORECASE)


class InvalidSetting(SrcqlError):
    """A setting that the server cannot start with."""


@dataclass(frozen=True)
class Settings:
    """Where the warehouse lies, where to listen and to whom, and how much one server takes on.

    >>> Settings(warehouse="warehouse").statements
    32
    """

    warehouse: str | None = None
    catalog: Mapping[str, str] | None = None
    listen: str = "grpc://127.0.0.1:0"
    statement_timeout: float | None = None
    statements: int = 32
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

    def __post_init__(self) -> None:
        if not self.warehouse and self.catalog is None:  # an empty text would be the folder one stands in
            raise InvalidSetting("there is no warehouse to serve", hint="name its folder, or set SRCQL_WAREHOUSE")
        self._check_address()
        for name in ("statements", "handles", "sessions", "threads", "token_lifetime"):
            if (number := getattr(self, name)) is not None and not 1 <= number < math.inf:
                raise InvalidSetting(f"SRCQL_{name.upper()} should be 1 or more; it is {number:g}")
        for name in ("statement_timeout", "handle_ttl", "session_idle"):
            if (number := getattr(self, name)) is not None and not 0 < number < math.inf:
                raise InvalidSetting(f"SRCQL_{name.upper()} should be more than 0 seconds; it is {number:g}")
        if not 0 <= self.grace < math.inf:
            raise InvalidSetting(f"SRCQL_GRACE should be 0 seconds or more; it is {self.grace:g}")
        if self.memory_limit is not None and not MEMORY.fullmatch(self.memory_limit):
            raise InvalidSetting(f"SRCQL_MEMORY_LIMIT should be a size such as 4GB; it is {self.memory_limit!r}")

    def _check_address(self) -> None:
        scheme, host, port = _address(self.listen)
        tls = scheme == TLS
        if scheme not in (PLAIN, TLS):
            raise InvalidSetting(f"{scheme}:// is not served", hint=f"write {PLAIN}:// or {TLS}://")
        if tls != bool(self.tls_cert and self.tls_key) or bool(self.tls_cert) != bool(self.tls_key):
            hint = f"give SRCQL_TLS_CERT and SRCQL_TLS_KEY, and listen on {TLS}://"
            raise InvalidSetting("TLS needs a certificate, its key, and an address that asks for it", hint=hint)
        if self.tls_client_ca and not tls:
            raise InvalidSetting("SRCQL_TLS_CLIENT_CA has no use without TLS", hint=f"listen on {TLS}://")
        if host in LOOPBACK:
            return
        if self.users is None:
            raise InvalidSetting(
                f"the server does not listen on {host}: it has no users, so that anybody could read and write",
                hint=f"name a users file (SRCQL_USERS), or listen on the loopback interface: {scheme}://127.0.0.1:{port}",
            )
        if not tls and not self.allow_plaintext:
            raise InvalidSetting(
                f"the server does not listen on {host} without TLS: passwords and tokens could be read on their way",
                hint=f"listen on {TLS}://, or set SRCQL_ALLOW_PLAINTEXT=true where something in front of it has TLS",
            )

    @classmethod
    def from_environment(cls, **overrides: Any) -> "Settings":
        """The settings of the environment, where no override (None is none) says otherwise."""
        names = [field.name for field in fields(cls)]
        found = {name: os.environ[f"SRCQL_{name.upper()}"] for name in names if f"SRCQL_{name.upper()}" in os.environ}
        read = {name: _read(name, text) for name, text in found.items() if overrides.get(name) is None}
        return cls(**read, **{name: value for name, value in overrides.items() if value is not None})


def _flag(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text.lower()]


READERS: dict[str, Callable[[str], Any]] = {
    "catalog": json.loads,
    "statement_timeout": float,
    "statements": int,
    "handles": int,
    "handle_ttl": float,
    "sessions": int,
    "session_idle": float,
    "grace": float,
    "threads": int,
    "token_lifetime": float,
    "allow_plaintext": _flag,
}


def _read(name: str, text: str) -> Any:
    try:
        return READERS.get(name, str)(text)
    except (KeyError, ValueError):
        kinds = {int: "a whole number", float: "a number", json.loads: "a JSON object", _flag: "true or false"}
        kind = kinds[READERS[name]]
        raise InvalidSetting(f"SRCQL_{name.upper()} should be {kind}; it is {text!r}") from None


def _address(listen: str) -> tuple[str, str, int]:
    address = urlsplit(listen)
    try:
        host, port = address.hostname, address.port
    except ValueError:
        host, port = None, None
    if host is None or port is None:
        raise InvalidSetting(f"{listen} is no address to listen on", hint="write grpc://127.0.0.1:0 for any free port")
    return address.scheme, host, port
