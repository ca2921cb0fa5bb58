"""Session options: their values, defaults, and messages.

Names and values are checked as Flight.proto specifies for `SessionOptionValue`.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from google.protobuf.message import Message

from flight_server.namespace import CATALOG, DB_SCHEMA
from flight_server.protocol import message
from srcql.clauses.equality import Equality, parse_equality
from srcql.errors import SrcqlError

INVALID_NAME, INVALID_VALUE = 1, 2
COMPRESSIONS = ("none", "lz4", "zstd")


@dataclass(frozen=True)
class Options:
    """The options of a session. `catalog` and `schema` have one allowed value each.

    `timeout` limits the computing time of a statement in seconds; 0 is the limit of the server.
    """

    catalog: str = CATALOG
    schema: str = DB_SCHEMA
    timeout: float = 0.0
    equality: str = ""
    string_views: bool = False
    compression: str = "none"

    @property
    def parsed_equality(self) -> Equality:
        """The equality of verbs without USING."""
        return session_equality(self.equality)


DEFAULTS = Options()


@lru_cache(maxsize=256)
def session_equality(text: str) -> Equality:
    """Return the equality that a text states; raise ValueError for an invalid one, TOLERANCE or THROUGH.

    >>> session_equality("DIGITS 6 UNORDERED").text
    'DIGITS 6 UNORDERED'
    """
    try:
        equality = parse_equality(text)
    except SrcqlError as error:
        raise ValueError(str(error)) from None
    if equality.through:
        raise ValueError("THROUGH is only allowed in a statement")
    return equality


def _one_of(*allowed: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in allowed:
            raise ValueError(value)
        return str(value)

    return parse


def _parse_flag(value: Any) -> bool:
    return {"true": True, "false": False, True: True, False: False}[value]


def _parse_seconds(value: Any) -> float:
    seconds = float(value)
    if not 0 <= seconds < float("inf"):
        raise ValueError(value)
    return seconds


def _check_equality(value: Any) -> str:
    session_equality(value)
    return str(value)


PARSERS: dict[str, Callable[[Any], Any]] = {
    "catalog": _one_of(CATALOG),
    "schema": _one_of(DB_SCHEMA),
    "timeout": _parse_seconds,
    "equality": _check_equality,
    "string_views": _parse_flag,
    "compression": _one_of(*COMPRESSIONS),
}


def update_options(options: Options, changes: Iterable[Message]) -> tuple[Options, dict[str, int]]:
    """Return the options with the changes of a SetSessionOptionsRequest, and the error codes of invalid changes.

    A change without a value restores the default.
    """
    errors: dict[str, int] = {}
    for change in changes:
        if change.key not in PARSERS:
            errors[change.key] = INVALID_NAME
            continue
        try:
            value = _value_of(change.value)
            parsed = getattr(DEFAULTS, change.key) if value is None else PARSERS[change.key](value)
            options = replace(options, **{change.key: parsed})
        except (ValueError, KeyError, TypeError):
            errors[change.key] = INVALID_VALUE
    return options, errors


def _value_of(content: Message) -> Any:
    names = ("string_value", "bool_value", "int64_value", "double_value", "string_list_value")
    return next((getattr(content, name) for name in names if content.HasField(name)), None)


def to_messages(options: Options) -> list[Message]:
    """Return the options as the messages of a GetSessionOptionsResult."""
    kinds = {str: "string_value", bool: "bool_value", float: "double_value"}
    return [
        message("SessionOption", key=key, value=message("SessionOptionValue", **{kinds[type(value)]: value}))
        for key, value in asdict(options).items()
    ]
