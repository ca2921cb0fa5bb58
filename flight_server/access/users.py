"""The users file: JSON that `srcql user` writes and every server of the lakehouse reads.

    {"version": 1, "key": "...", "users": [{"name": "ada", "role": "read", "data_sets": ["HumanEval"], ...}]}

`key` signs the tokens of logins. See `credentials` for the hashes of passwords and tokens.
"""

import fcntl
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

from flight_server.access import credentials
from flight_server.identity import ADMIN, ROLES, Identity
from srcql.errors import InvalidData, StoreError, UnknownName

VERSION = 1
NAME = re.compile(r"[^\x00-\x1f\x7f:]{1,100}")  # in a header, a colon ends the name
MIN_KEY_BYTES = 16


@dataclass(frozen=True)
class User:
    """One user: role, granted data sets, and the hash of a password, of a token, or of both."""

    name: str
    role: str
    data_sets: frozenset[str] | None = None
    password: str | None = None
    token: str | None = None

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise InvalidData("expected a user name of 1 to 100 characters, without colons and control characters")
        if self.role not in ROLES:
            raise InvalidData(f"unknown role {self.role} of user {self.name}", hint=f"roles: {', '.join(ROLES)}")
        if not all(isinstance(name, str) for name in self.data_sets or ()):
            raise InvalidData(f"expected the data sets of user {self.name} to be a list of names")
        if not credentials.are_hashes(self.password, self.token):
            raise InvalidData(f"expected hashes as password and token of user {self.name}")
        if self.role == ADMIN and self.data_sets is not None:
            hint = "leave out the data sets, or use the role write"
            raise InvalidData(f"user {self.name} is an admin: the role includes all data sets", hint=hint)

    @property
    def identity(self) -> Identity:
        """The user as the server sees them."""
        return Identity(self.name, self.role, self.data_sets)

    def with_password(self, password: str) -> "User":
        """Return the user with the hash of a password."""
        return replace(self, password=credentials.hash_password(password))

    def with_new_token(self) -> tuple["User", str]:
        """Return the user with the hash of a new token, and the token."""
        token = credentials.new_token()
        return replace(self, token=credentials.hash_token(token)), token


@dataclass(frozen=True)
class Users:
    """The users of a lakehouse by name, and the key that signs the tokens of their logins."""

    key: bytes
    by_name: Mapping[str, User]

    def by_token(self, token: str) -> User | None:
        """Return the user with this token, or None."""
        digest = credentials.hash_token(token)
        return next((user for user in self.by_name.values() if hmac.compare_digest(user.token or "", digest)), None)


def read(path: Path) -> Users:
    """Return the users of a file; raise StoreError if it is invalid or other accounts of the system can read it."""
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = json.load(file)
    except OSError as error:
        raise StoreError(f"cannot read the users file {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise _invalid_file(path, "expected JSON") from None
    if mode & 0o077:
        hint = f"run chmod 600 {path}"
        raise StoreError(f"other accounts of the system can read the users file {path} (mode {mode:o})", hint=hint)
    return _parse_users(path, content)


def _parse_users(path: Path, content: Any) -> Users:
    try:
        if content["version"] != VERSION:
            raise _invalid_file(path, f"expected version {VERSION}, found {content['version']}")
        users, key = [_parse_user(entry) for entry in content["users"]], bytes.fromhex(content["key"])
        by_name = {user.name: user for user in users}
        if len(key) < MIN_KEY_BYTES:
            raise _invalid_file(path, f"expected a key of at least {MIN_KEY_BYTES} bytes, found {len(key)}")
        if len(by_name) < len(users):
            raise _invalid_file(path, "duplicate user name")
        return Users(key, by_name)
    except InvalidData as error:
        raise _invalid_file(path, str(error)) from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _invalid_file(path, f"{type(error).__name__}: {error}") from None


def _parse_user(entry: dict[str, Any]) -> User:
    data_sets = entry.get("data_sets")
    if not isinstance(data_sets, list | None):
        raise TypeError("expected data_sets to be a list of names")
    return User(**{**entry, "data_sets": None if data_sets is None else frozenset(data_sets)})


def _invalid_file(path: Path, why: str) -> StoreError:
    return StoreError(f"invalid users file {path}: {why}", hint="create one with srcql user add")


def add(path: Path, user: User) -> None:
    """Add a user to a file, creating the file if it is missing; raise InvalidData for a duplicate name."""
    with _locked_users(path) as users:
        if user.name in users:
            hint = f"remove the user first: srcql user remove {user.name}"
            raise InvalidData(f"user {user.name} already exists", hint=hint)
        users[user.name] = user


def remove(path: Path, name: str) -> None:
    """Remove a user from a file; raise UnknownName if there is none of that name."""
    with _locked_users(path) as users:
        if users.pop(name, None) is None:
            raise UnknownName(f"unknown user {name}", hint="list the users with srcql user list")


@contextmanager
def _locked_users(path: Path) -> Iterator[dict[str, User]]:
    """Yield the users by name under a lock between processes; write them back at the end."""
    with _lock_folder(path.parent):
        users = read(path) if path.exists() else Users(secrets.token_bytes(32), {})
        by_name = dict(users.by_name)
        yield by_name
        _write(path, replace(users, by_name=by_name))


@contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise StoreError(f"cannot open the folder {folder}: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(path: Path, users: Users) -> None:
    """Replace the file atomically: a reader sees the old file or the new one."""
    entries = [_to_entry(users.by_name[name]) for name in sorted(users.by_name)]
    text = json.dumps({"version": VERSION, "key": users.key.hex(), "users": entries}, indent=2)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # of mode 0600
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from None
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


def _to_entry(user: User) -> dict[str, object]:
    entry = asdict(user) | {"data_sets": None if user.data_sets is None else sorted(user.data_sets)}
    return {name: value for name, value in entry.items() if value is not None}
