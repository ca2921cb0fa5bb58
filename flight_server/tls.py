"""TLS options: the server's certificate and the client certificates it accepts."""

from pathlib import Path

from flight_server.settings import InvalidSetting, Settings


def server_options(settings: Settings) -> dict[str, object]:
    """Return pyarrow's server arguments for TLS; none without a certificate."""
    if settings.tls_cert is None or settings.tls_key is None:
        return {}
    options: dict[str, object] = {
        "tls_certificates": [(_read_pem("tls_cert", settings.tls_cert), _read_pem("tls_key", settings.tls_key))]
    }
    if settings.tls_client_ca is None:
        return options
    return options | {"verify_client": True, "root_certificates": _read_pem("tls_client_ca", settings.tls_client_ca)}


def _read_pem(setting: str, path: str) -> bytes:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InvalidSetting(f"SRCQL_{setting.upper()}: cannot read {path}: {error.strerror}") from None
    if b"-----BEGIN " not in content:
        raise InvalidSetting(f"SRCQL_{setting.upper()}: {path} is not a PEM file")
    return content
