"""Hashes of passwords and tokens.

Passwords are hashed with scrypt: it is memory-hard, and the standard library has it from OpenSSL, so no other package
needs updates. Tokens are random enough for a plain SHA-256.
"""

import base64
import hashlib
import hmac
import re
import secrets

from srcql.errors import InvalidData

MIN_PASSWORD_LENGTH = 8
SCRYPT_COSTS = 15, 8, 3  # log2 N, r, p: 32 MiB and about 0.2 s: https://cheatsheetseries.owasp.org, Password Storage
MAX_SCRYPT_BYTES = 2**26
TOKEN_PREFIX = "srcql_"  # prefix by which scanners spot leaked tokens
PASSWORD_HASH = re.compile(r"scrypt\$[1-9]\d?,[1-9]\d?,[1-9]\d?\$[\w+/]{22}==\$[\w+/]{43}=", re.ASCII)
TOKEN_HASH = re.compile("[0-9a-f]{64}")


def hash_password(password: str) -> str:
    """Return the hash to store for a password.

    >>> stored = hash_password("correct horse")
    >>> verify_password("correct horse", stored), verify_password("correct house", stored)
    (True, False)
    """
    if len(password) < MIN_PASSWORD_LENGTH:
        raise InvalidData(f"expected a password of at least {MIN_PASSWORD_LENGTH} characters, found {len(password)}")
    salt = secrets.token_bytes(16)
    return _encode_hash(salt, _scrypt(password, salt, *SCRYPT_COSTS))


def verify_password(password: str, stored: str) -> bool:
    """Return whether a password matches a stored hash, in the same time either way."""
    _, costs, salt, expected = stored.split("$")
    digest = _scrypt(password, base64.b64decode(salt), *map(int, costs.split(",")))
    return hmac.compare_digest(digest, base64.b64decode(expected))


def _encode_hash(salt: bytes, digest: bytes) -> str:
    return "$".join(("scrypt", ",".join(map(str, SCRYPT_COSTS)), _encode_base64(salt), _encode_base64(digest)))


def _scrypt(password: str, salt: bytes, log2_n: int, r: int, p: int) -> bytes:
    encoded = password.encode(errors="surrogatepass")
    return hashlib.scrypt(encoded, salt=salt, n=2**log2_n, r=r, p=p, maxmem=MAX_SCRYPT_BYTES, dklen=32)


def dummy_password_hash() -> str:
    """Return a hash that no password matches, to spend the same time on an unknown user."""
    return _encode_hash(bytes(16), bytes(32))


def new_token() -> str:
    """Return a new token of 256 random bits, which authenticates without a password."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return the hash to store for such a token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def are_hashes(password_hash: str | None, token_hash: str | None) -> bool:
    """Return whether the values have the form of stored hashes; absent values are valid."""
    pairs = (PASSWORD_HASH, password_hash), (TOKEN_HASH, token_hash)
    return all(not value or pattern.fullmatch(value) for pattern, value in pairs)


def _encode_base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
