"""Credentials and certificates of a client: passwords, tokens, TLS."""

import base64
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.flight as flight

from srcql.errors import InvalidData

from .certificates import StrPath, check_certificates

_SQL = "adbc.flight.sql"


@dataclass(frozen=True)
class Access:
    """The credentials of a client, the certificates that it trusts, and its own certificate with its key.

    Certificates are paths of PEM files. Raises InvalidData for options that cannot be combined, and for files that
    are not certificates.

    >>> Access(user="ada", password="correct horse")
    Access(user='ada', tls_roots=None, client_cert=None)
    """

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    tls_roots: StrPath | None = None
    client_cert: tuple[StrPath, StrPath] | None = None

    def __post_init__(self) -> None:
        if self.user is not None and self.password is None:
            hint = "set SRCQL_PASSWORD (password), or set SRCQL_TOKEN (token) instead"
            raise InvalidData(f"expected a password for user {self.user}, found none", hint=hint)
        if self.user is None and self.password is not None:
            hint = "set SRCQL_USER (user), or set SRCQL_TOKEN (token) instead"
            raise InvalidData("expected a user for the password, found none", hint=hint)
        if self.user is not None and self.token is not None:
            hint = "remove SRCQL_TOKEN (token), or remove SRCQL_USER (user) and SRCQL_PASSWORD (password)"
            raise InvalidData("expected a user and a password, or a token; found both", hint=hint)
        if any("\n" in text or "\r" in text for text in (self.user or "", self.token or "")):
            raise InvalidData("a user name or a token cannot contain a line break")
        if self.client_cert is not None and (isinstance(self.client_cert, str) or len(self.client_cert) != 2):
            raise InvalidData("expected two paths as client_cert: the certificate and its key")
        check_certificates(self.tls_roots, self.client_cert)

    @property
    def driver(self) -> dict[str, str]:
        """Options of the Flight SQL driver of ADBC."""
        options = {}
        if header := self._authorization:
            options[f"{_SQL}.authorization_header"] = header
        if self.tls_roots is not None:
            options[f"{_SQL}.client_option.tls_root_certs"] = _read_pem(self.tls_roots)
        if self.client_cert is not None:
            cert, key = map(_read_pem, self.client_cert)
            options |= {f"{_SQL}.client_option.mtls_cert_chain": cert, f"{_SQL}.client_option.mtls_private_key": key}
        return options

    @property
    def connection(self) -> dict[str, str]:
        """Options of pyarrow's Flight client."""
        options = {} if self.tls_roots is None else {"tls_root_certs": _read_pem(self.tls_roots)}
        if self.client_cert is not None:
            options |= dict(zip(("cert_chain", "private_key"), map(_read_pem, self.client_cert), strict=True))
        return options

    @property
    def call(self) -> flight.FlightCallOptions:
        """Options of each call of pyarrow's Flight client."""
        header = self._authorization
        return flight.FlightCallOptions(headers=[(b"authorization", header.encode())] if header else [])

    @property
    def _authorization(self) -> str | None:
        if self.token is not None:
            return f"Bearer {self.token}"
        if self.user is None:
            return None
        return f"Basic {base64.b64encode(f'{self.user}:{self.password}'.encode()).decode()}"


def _read_pem(path: StrPath) -> str:
    return Path(path).read_text(encoding="utf-8")
