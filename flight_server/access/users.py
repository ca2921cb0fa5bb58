"""The users file: who is let in, as JSON that one command writes and every server of the lakehouse reads.

    {"version": 1, "key": "...", "users": [{"name": "ada", "role": "read", "data_sets": ["HumanEval"], ...}]}

Passwords are kept as scrypt hashes: a memory-hard function of the standard library, with OpenSSL behind it, needs no
further package to be kept up to date. Tokens are random enough for a plain SHA-256. `key` signs the tokens of logins.
"""

import base64
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from flight_server.access.auth import ADMIN, ROLES, Identity
from srcql.errors import InvalidData, StoreError, UnknownName

VERSION = 1
NAME = re.compile(r"[^\x00-\x1f\x7f:]{1,100}")  # in a header, a colon ends the name
SHORTEST_PASSWORD = 8
TOKEN_PREFIX = "srcql_"  # by which one that was published by mistake is found
PASSWORD = re.compile(r"scrypt\$[1-9]\d?,[1-9]\d?,[1-9]\d?\$[\w+/]{22}==\$[\w+/]{43}=", re.ASCII)
DIGEST = re.compile("[0-9a-f]{64}")
SHORTEST_KEY = 16
COSTS = 15, 8, 3  # log2 N, r, p: 32 MiB and some 0.2 s: https://cheatsheetseries.owasp.org, Password Storage
MOST_MEMORY = 2**26


@dataclass(frozen=True)
class User:
    """One user: what they may do, and the hashes of what they show for it, a password, a token, or both."""

    name: str
    role: str
    data_sets: frozenset[str] | None = None
    password: str | None = None
    token: str | None = None

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise InvalidData("the name of a user has 1 to 100 letters, none of them a colon or a control character")
        if self.role not in ROLES:
            raise InvalidData(f"the role of {self.name} should be one of {', '.join(ROLES)}; it is {self.role}")
        if not all(isinstance(name, str) for name in self.data_sets or ()):
            raise InvalidData(f"the data sets of {self.name} should be a list of names")
        if not PASSWORD.fullmatch(self.password or nobodys()) or not DIGEST.fullmatch(self.token or token_hash("")):
            raise InvalidData(f"what is kept of the password and the token of {self.name} should be hashes")
        if self.role == ADMIN and self.data_sets is not None:
            raise InvalidData(f"{self.name} is an admin, who sees every data set", hint="grant data sets to a writer")

    @property
    def identity(self) -> Identity:
        """Who that is to the server."""
        return Identity(self.name, self.role, self.data_sets)


@dataclass(frozen=True)
class Users:
    """The users of a lakehouse, by name, and the key that signs the tokens of their logins."""

    key: bytes
    named: Mapping[str, User]

    def by_token(self, token: str) -> User | None:
        """The user to whom a token was given."""
        digest = token_hash(token)
        return next((user for user in self.named.values() if hmac.compare_digest(user.token or "", digest)), None)


def hashed(password: str) -> str:
    """What is kept of a password.

    >>> fits("correct horse", hashed("correct horse")), fits("correct house", hashed("correct horse"))
    (True, False)
    """
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidData(f"a password has {SHORTEST_PASSWORD} letters or more")
    salt = secrets.token_bytes(16)
    return _kept(salt, _scrypt(password, salt, *COSTS))


def fits(password: str, kept: str) -> bool:
    """Whether a password is the one of which a hash was kept; takes as long whichever way it is."""
    _, costs, salt, expected = kept.split("$")
    found = _scrypt(password, base64.b64decode(salt), *map(int, costs.split(",")))
    return hmac.compare_digest(found, base64.b64decode(expected))


def _kept(salt: bytes, digest: bytes) -> str:
    return "$".join(("scrypt", ",".join(map(str, COSTS)), _text(salt), _text(digest)))


def _scrypt(password: str, salt: bytes, log2_n: int, r: int, p: int) -> bytes:
    given = password.encode(errors="surrogatepass")
    return hashlib.scrypt(given, salt=salt, n=2**log2_n, r=r, p=p, maxmem=MOST_MEMORY, dklen=32)


def nobodys() -> str:
    """What is compared with where a name has no password: it fits none, and takes as long."""
    return _kept(bytes(16), bytes(32))


def new_token() -> str:
    """A token that opens the server by itself, 256 bits of chance."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of such a token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def read(path: Path) -> Users:
    """The users of a file; StoreError when it is none, or may be read by others than its owner."""
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            found = json.load(file)
    except OSError as error:
        raise StoreError(f"the users file {path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise _broken(path, "it is not JSON") from None
    if mode & 0o077:
        raise StoreError(f"the users file {path} may be read by others (mode {mode:o})", hint=f"chmod 600 {path}")
    return _users(path, found)


def _users(path: Path, found: Any) -> Users:
    try:
        if found["version"] != VERSION:
            raise _broken(path, f"it has version {found['version']}; this program knows {VERSION}")
        users, key = [_user(entry) for entry in found["users"]], bytes.fromhex(found["key"])
        named = {user.name: user for user in users}
        if len(key) < SHORTEST_KEY or len(named) < len(users):
            raise _broken(path, f"its key is shorter than {SHORTEST_KEY} bytes, or two users have one name")
        return Users(key, named)
    except InvalidData as error:
        raise _broken(path, str(error)) from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _broken(path, f"{type(error).__name__}: {error}") from None


def _user(entry: dict[str, Any]) -> User:
    data_sets = entry.get("data_sets")
    if not isinstance(data_sets, list | None):
        raise TypeError("data_sets should be a list of names")
    return User(**{**entry, "data_sets": None if data_sets is None else frozenset(data_sets)})


def _broken(path: Path, why: str) -> StoreError:
    return StoreError(f"{path} is no users file: {why}", hint="srcql user add makes one")


def add(path: Path, user: User) -> None:
    """Add a user to a file, which is made when there is none; InvalidData when there is one of that name."""
    with _changing(path) as users:
        if user.name in users:
            raise InvalidData(f"there is a user {user.name}", hint=f"srcql user remove {user.name} takes it away")
        users[user.name] = user


def remove(path: Path, name: str) -> None:
    """Take a user out of a file; UnknownName when there is none of that name."""
    with _changing(path) as users:
        if users.pop(name, None) is None:
            raise UnknownName(f"unknown user {name}", hint="srcql user list shows them")


@contextmanager
def _changing(path: Path) -> Iterator[dict[str, User]]:
    """The users by name, to be changed; what they are afterwards is written at once, and by one process at a time."""
    with _locked(path.parent):
        users = read(path) if path.exists() else Users(secrets.token_bytes(32), {})
        named = dict(users.named)
        yield named
        _write(path, replace(users, named=named))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise StoreError(f"the folder {folder} cannot be used: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(path: Path, users: Users) -> None:
    """Put a whole file in the place of the old one; a reader sees either."""
    entries = [_entry(users.named[name]) for name in sorted(users.named)]
    text = json.dumps({"version": VERSION, "key": users.key.hex(), "users": entries}, indent=2)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # of mode 0600
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _entry(user: User) -> dict[str, Any]:
    entry = asdict(user) | {"data_sets": None if user.data_sets is None else sorted(user.data_sets)}
    return {name: value for name, value in entry.items() if value is not None}


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
