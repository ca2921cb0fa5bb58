"""What a session may set once for all its statements, and how the options travel.

`SessionOptionValue` of Flight.proto; names and values are checked as the specification has it.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from flight_server.catalog.catalog_metadata import CATALOG, DB_SCHEMA
from flight_server.protocol import message
from srcql.clauses.equality import Equality, parse_equality
from srcql.errors import SrcqlError

INVALID_NAME, INVALID_VALUE = 1, 2
COMPRESSIONS = ("none", "lz4", "zstd")


@dataclass(frozen=True)
class Options:
    """What a session may set: names and schemas that there is one of, and how its statements are read and sent.

    `timeout` is how many seconds a statement may compute, 0 for as long as the server lets it.
    """

    catalog: str = CATALOG
    schema: str = DB_SCHEMA
    timeout: float = 0.0
    equality: str = ""
    string_views: bool = False
    compression: str = "none"

    @property
    def using(self) -> Equality:
        """What a verb without USING is read as."""
        return equality_of(self.equality)


DEFAULTS = Options()


@lru_cache(maxsize=256)
def equality_of(text: str) -> Equality:
    """Return the equality that a text states; raise ValueError for an invalid one, TOLERANCE or THROUGH.

    >>> equality_of("DIGITS 6 UNORDERED").text
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
    def read(value: Any) -> str:
        if value not in allowed:
            raise ValueError(value)
        return str(value)

    return read


def _flag(value: Any) -> bool:
    return {"true": True, "false": False, True: True, False: False}[value]


def _seconds(value: Any) -> float:
    seconds = float(value)
    if not 0 <= seconds < float("inf"):
        raise ValueError(value)
    return seconds


def _equality(value: Any) -> str:
    equality_of(value)
    return str(value)


READERS: dict[str, Callable[[Any], Any]] = {
    "catalog": _one_of(CATALOG),
    "schema": _one_of(DB_SCHEMA),
    "timeout": _seconds,
    "equality": _equality,
    "string_views": _flag,
    "compression": _one_of(*COMPRESSIONS),
}


def changed(options: Options, given: Iterable[Any]) -> tuple[Options, dict[str, int]]:
    """The options with those of a SetSessionOptionsRequest, and what is wrong with the others.

    An option without a value gets its default back.
    """
    errors: dict[str, int] = {}
    for option in given:
        if option.key not in READERS:
            errors[option.key] = INVALID_NAME
            continue
        try:
            value = _value(option.value)
            read = getattr(DEFAULTS, option.key) if value is None else READERS[option.key](value)
            options = replace(options, **{option.key: read})
        except (ValueError, KeyError, TypeError):
            errors[option.key] = INVALID_VALUE
    return options, errors


def _value(sent: Any) -> Any:
    names = ("string_value", "bool_value", "int64_value", "double_value", "string_list_value")
    return next((getattr(sent, name) for name in names if sent.HasField(name)), None)


def told(options: Options) -> list[Any]:
    """The options as a GetSessionOptionsResult has them."""
    kinds = {str: "string_value", bool: "bool_value", float: "double_value"}
    return [
        message("SessionOption", key=key, value=message("SessionOptionValue", **{kinds[type(value)]: value}))
        for key, value in asdict(options).items()
    ]
