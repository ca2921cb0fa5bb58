"""What a client shows to a server, and by what it knows the server: passwords, tokens, certificates."""

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.flight as flight

from srcql.errors import InvalidData, StoreError

_SQL = "adbc.flight.sql"


@dataclass(frozen=True)
class Access:
    """A user and password, or a token; certificates to trust, and one of one's own with its key: paths of PEM files.

    >>> Access(user="ada", password="correct horse")
    Access(user='ada', tls_roots=None, client_cert=None)
    """

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    tls_roots: str | os.PathLike[str] | None = None
    client_cert: tuple[str | os.PathLike[str], str | os.PathLike[str]] | None = None

    def __post_init__(self) -> None:
        if (self.user is None) != (self.password is None):
            raise InvalidData("a user and a password go together")
        if self.user is not None and self.token is not None:
            raise InvalidData("expected a user and a password, or a token; both are given")
        if any("\n" in text or "\r" in text for text in (self.user or "", self.token or "")):
            raise InvalidData("the name of a user, or a token, is one line")

    @property
    def driver(self) -> dict[str, str]:
        """The options that the Flight SQL driver of ADBC takes."""
        options = {}
        if header := self._authorization:
            options[f"{_SQL}.authorization_header"] = header
        if self.tls_roots is not None:
            options[f"{_SQL}.client_option.tls_root_certs"] = _pem(self.tls_roots)
        if self.client_cert is not None:
            cert, key = map(_pem, self.client_cert)
            options |= {f"{_SQL}.client_option.mtls_cert_chain": cert, f"{_SQL}.client_option.mtls_private_key": key}
        return options

    @property
    def connection(self) -> dict[str, Any]:
        """What pyarrow's client takes."""
        options = {} if self.tls_roots is None else {"tls_root_certs": _pem(self.tls_roots)}
        if self.client_cert is not None:
            options |= dict(zip(("cert_chain", "private_key"), map(_pem, self.client_cert), strict=True))
        return options

    @property
    def call(self) -> flight.FlightCallOptions:
        """What goes along with each call of pyarrow's client."""
        header = self._authorization
        return flight.FlightCallOptions(headers=[(b"authorization", header.encode())] if header else [])

    @property
    def _authorization(self) -> str | None:
        if self.token is not None:
            return f"Bearer {self.token}"
        if self.user is None:
            return None
        return f"Basic {base64.b64encode(f'{self.user}:{self.password}'.encode()).decode()}"


def _pem(path: str | os.PathLike[str]) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{os.fspath(path)} cannot be read as PEM: {error}") from None
