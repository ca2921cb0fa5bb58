"""Certificates: what the server shows, and which clients it talks to."""

from pathlib import Path
from typing import Any

from flight_server.settings import InvalidSetting, Settings


def options(settings: Settings) -> dict[str, Any]:
    """What pyarrow's server takes for TLS; nothing where the address asks for none."""
    if settings.tls_cert is None or settings.tls_key is None:
        return {}
    shown = {"tls_certificates": [(_pem("tls_cert", settings.tls_cert), _pem("tls_key", settings.tls_key))]}
    if settings.tls_client_ca is None:
        return shown
    return shown | {"verify_client": True, "root_certificates": _pem("tls_client_ca", settings.tls_client_ca)}


def _pem(name: str, path: str) -> bytes:
    try:
        found = Path(path).read_bytes()
    except OSError as error:
        raise InvalidSetting(f"SRCQL_{name.upper()}: {path} cannot be read: {error.strerror}") from None
    if b"-----BEGIN " not in found:
        raise InvalidSetting(f"SRCQL_{name.upper()}: {path} is not PEM")
    return found
