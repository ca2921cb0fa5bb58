"""TLS options: the server's certificate and the client certificates it accepts."""

import ssl
from pathlib import Path

from flight_server.settings import InvalidSetting, Settings
from srcql.os_errors import os_error


def server_options(settings: Settings) -> dict[str, object]:
    """Return pyarrow's server arguments for TLS; none without a certificate."""
    if settings.tls_cert is None or settings.tls_key is None:
        return {}
    options: dict[str, object] = {
        "tls_certificates": [(_read_pem("tls_cert", settings.tls_cert), _read_pem("tls_key", settings.tls_key))]
    }
    _check_pair(settings.tls_cert, settings.tls_key)
    if settings.tls_client_ca is None:
        return options
    return options | {"verify_client": True, "root_certificates": _read_pem("tls_client_ca", settings.tls_client_ca)}


def _check_pair(cert: str, key: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")  # without one, it would prompt
    except ssl.SSLError:
        hint = "set SRCQL_TLS_KEY to the key of SRCQL_TLS_CERT"
        raise InvalidSetting(f"the private key {key} does not belong to the certificate {cert}", hint=hint) from None


def _read_pem(setting: str, path: str) -> bytes:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise os_error(InvalidSetting, f"the file {path} of SRCQL_{setting.upper()} cannot be read", error) from None
    if b"-----BEGIN " not in content:
        raise InvalidSetting(f"SRCQL_{setting.upper()}: {path} is not a PEM file")
    return content
