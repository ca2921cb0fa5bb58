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
from srcql.os_errors import os_error

VERSION = 1
NAME = re.compile(r"[^\x00-\x1f\x7f:]{1,100}")  # in a header, a colon ends the name
MIN_KEY_BYTES = 16
USER_ENTRIES = {"name": str, "role": str, "data_sets": list | None, "password": str | None, "token": str | None}


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
        raise os_error(StoreError, f"the users file {path} cannot be read", error) from None
    except (ValueError, RecursionError):
        raise _invalid_file(path, "expected JSON") from None
    if mode & 0o077:
        hint = f"run chmod 600 {path}"
        raise StoreError(f"other accounts of the system can read the users file {path} (mode {mode:o})", hint=hint)
    return _parse_users(path, content)


def _parse_users(path: Path, content: Any) -> Users:
    try:
        _check_object(content, "a JSON object", "the file", ("version", "key", "users"))
        if content["version"] != VERSION:
            raise InvalidData(f"expected version {VERSION}, found {content['version']}")
        if not isinstance(content["users"], list):
            raise InvalidData(f"expected users to be a list, found {_json_type(content['users'])}")
        users = [_parse_user(entry, f"user {number}") for number, entry in enumerate(content["users"], 1)]
        by_name, key = {user.name: user for user in users}, _parse_key(content["key"])
        if len(by_name) < len(users):
            raise InvalidData("duplicate user name")
        return Users(key, by_name)
    except InvalidData as error:
        raise _invalid_file(path, error.message, error.hint) from None


def _check_object(content: Any, expected: str, place: str, required: tuple[str, ...]) -> None:
    if not isinstance(content, dict):
        raise InvalidData(f"expected {expected}, found {_json_type(content)}")
    if missing := [name for name in required if name not in content]:
        raise InvalidData(f"missing entry {missing[0]} of {place}")


def _parse_user(entry: Any, place: str) -> User:
    _check_object(entry, f"{place} to be a JSON object", place, ("name", "role"))
    if unknown := [name for name in entry if name not in USER_ENTRIES]:
        raise InvalidData(f"unknown entry {unknown[0]} of {place}", hint=f"entries: {', '.join(USER_ENTRIES)}")
    for name, value in entry.items():
        if not isinstance(value, USER_ENTRIES[name]):
            expected = "a list of names" if name == "data_sets" else "a string"
            raise InvalidData(f"expected {name} of {place} to be {expected}, found {_json_type(value)}")
    data_sets = entry.get("data_sets")
    if not all(isinstance(name, str) for name in data_sets or ()):
        raise InvalidData(f"expected data_sets of {place} to be a list of names")
    return User(**{**entry, "data_sets": None if data_sets is None else frozenset(data_sets)})


def _parse_key(text: Any) -> bytes:
    try:
        key = bytes.fromhex(text)
    except (TypeError, ValueError):
        raise InvalidData("expected key to be a string of hexadecimal digits") from None
    if len(key) < MIN_KEY_BYTES:
        raise InvalidData(f"expected a key of at least {MIN_KEY_BYTES} bytes, found {len(key)}")
    return key


def _json_type(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def _invalid_file(path: Path, why: str, hint: str | None = None) -> StoreError:
    restore = "restore the file from a backup, or remove it and create users with srcql user add"
    return StoreError(f"invalid users file {path}: {why}", hint=hint or restore)


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
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise os_error(StoreError, f"the folder {folder} cannot be opened", error) from None
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
        raise os_error(StoreError, f"the users file {path} cannot be written", error) from None
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
