"""Files of certificates and keys: checked before a driver reads them."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from srcql.errors import InvalidData

StrPath: TypeAlias = str | os.PathLike[str]


def check_certificates(roots: StrPath | None, client: tuple[StrPath, StrPath] | None = None) -> None:
    """Raise InvalidData if a file is missing, is no PEM, or if the key does not belong to the certificate.

    The drivers of Flight name neither the file nor the reason.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if roots is not None:
        with _named("a PEM file of trusted certificates", roots):
            context.load_verify_locations(roots)
    if client is not None:
        with _named("PEM files of a certificate and its key", *client):
            context.load_cert_chain(*client, password="")  # without one, OpenSSL asks on the terminal


@contextmanager
def _named(expected: str, *paths: StrPath) -> Iterator[None]:
    """Raise errors of OpenSSL as InvalidData with the paths of the files."""
    for path in paths:
        if not isinstance(path, str | os.PathLike):
            raise InvalidData(f"expected the path of {expected}, found a value of type {type(path).__name__}")
        if not Path(path).is_file():
            raise InvalidData(f"expected {expected}, found no file at {os.fspath(path)}")
    shown = " and ".join(str(path) for path in paths)
    try:
        yield
    except ssl.SSLError:
        raise InvalidData(f"expected {expected}, found other content at {shown}") from None
    except OSError as error:
        raise InvalidData(f"expected {expected}, which cannot be read at {shown}: {error.strerror}") from None
