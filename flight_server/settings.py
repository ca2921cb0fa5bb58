"""How a server is started: one frozen value, each field also read from the environment as SRCQL_<FIELD>."""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from srcql.errors import SrcqlError

LOOPBACK = ("127.0.0.1", "::1", "localhost")
MEMORY = re.compile(r"\d+(\.\d+)? ?([KMGT]i?B?|%)", re.IGNORECASE)


class InvalidSetting(SrcqlError):
    """A setting that the server cannot start with."""


@dataclass(frozen=True)
class Settings:
    """Where the warehouse lies, where to listen, and how much one server takes on.

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
    grace: float = 30.0
    threads: int | None = None
    memory_limit: str | None = None

    def __post_init__(self) -> None:
        if self.warehouse is None and self.catalog is None:
            raise InvalidSetting("there is no warehouse to serve", hint="name its folder, or set SRCQL_WAREHOUSE")
        _check_address(self.listen)
        for name in ("statements", "handles", "threads"):
            if (number := getattr(self, name)) is not None and number < 1:
                raise InvalidSetting(f"SRCQL_{name.upper()} should be 1 or more; it is {number}")
        if self.memory_limit is not None and not MEMORY.fullmatch(self.memory_limit):
            raise InvalidSetting(f"SRCQL_MEMORY_LIMIT should be a size such as 4GB; it is {self.memory_limit!r}")

    @classmethod
    def from_environment(cls, **overrides: Any) -> "Settings":
        """The settings of the environment, where no override (None is none) says otherwise."""
        names = [field.name for field in fields(cls)]
        found = {name: os.environ[f"SRCQL_{name.upper()}"] for name in names if f"SRCQL_{name.upper()}" in os.environ}
        read = {name: _read(name, text) for name, text in found.items() if overrides.get(name) is None}
        return cls(**read, **{name: value for name, value in overrides.items() if value is not None})


READERS: dict[str, Callable[[str], Any]] = {
    "catalog": json.loads,
    "statement_timeout": float,
    "statements": int,
    "handles": int,
    "handle_ttl": float,
    "grace": float,
    "threads": int,
}


def _read(name: str, text: str) -> Any:
    try:
        return READERS.get(name, str)(text)
    except ValueError:
        kind = {int: "a whole number", float: "a number", json.loads: "a JSON object"}[READERS[name]]
        raise InvalidSetting(f"SRCQL_{name.upper()} should be {kind}; it is {text!r}") from None


def _check_address(listen: str) -> None:
    address = urlsplit(listen)
    try:
        host, port = address.hostname, address.port
    except ValueError:
        host, port = None, None
    if host is None or port is None:
        raise InvalidSetting(f"{listen} is no address to listen on", hint="write grpc://127.0.0.1:0 for any free port")
    if address.scheme != "grpc":
        raise InvalidSetting(f"{address.scheme}:// is not served; TLS is not there yet", hint="write grpc://")
    if host not in LOOPBACK:
        raise InvalidSetting(
            f"the server does not listen on {host}: it knows no users and no TLS yet",
            hint=f"listen on the loopback interface: grpc://127.0.0.1:{port}",
        )
