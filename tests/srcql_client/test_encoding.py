"""The texts of Python values."""

import enum
import json
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from srcql_client import Connection, encode

from .rows import observations


class Colour(enum.IntEnum):
    RED = 1


@dataclass
class Point:
    x: int
    tags: set[str]


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError


class Hostile(dict):  # type: ignore[type-arg]
    def items(self) -> Any:
        raise KeyError


CYCLE: list[Any] = []
CYCLE.append(CYCLE)
Pair = namedtuple("Pair", "left right")

TEXTS: list[tuple[Any, str]] = [
    (None, "null"),
    (True, "true"),
    (12, "12"),
    (10**5000, "1" + "0" * 5000),
    (0.1, "0.1"),
    (-0.0, "-0.0"),
    (1e300, "1e+300"),
    (float("nan"), "NaN"),
    (float("-inf"), "-Infinity"),
    (Decimal("1.10"), "1.10"),
    (Decimal("NaN"), "NaN"),
    ('é"\n', '"é\\"\\n"'),
    ("\ud800", '"\\ud800"'),
    ((1, "a"), '[1, "a"]'),
    (Pair(1, 2), "[1, 2]"),
    (range(3), "[0, 1, 2]"),
    ({"b": 1, "a": 2}, '{"a": 2, "b": 1}'),
    (OrderedDict(b=1, a=2), '{"a": 2, "b": 1}'),
    ({1: "x", (2, "b"): None, None: 0}, '{"1": "x", "[2, \\"b\\"]": null, "null": 0}'),
    ({1: "x", "1": "y"}, "$UNSERIALIZABLE@dict"),
    ({"b", "a"}, '["a", "b"]'),
    (frozenset(), "[]"),
    (Colour.RED, '"RED"'),
    ({Colour.RED: [Colour.RED]}, '{"RED": ["RED"]}'),
    (Point(1, {"t"}), '{"tags": ["t"], "x": 1}'),
    (b"\x00\xff", '"00ff"'),
    (datetime(2026, 1, 2, tzinfo=UTC), '"2026-01-02T00:00:00+00:00"'),
    (date(2026, 1, 2), '"2026-01-02"'),
    (time(3, 4), '"03:04:00"'),
    (timedelta(days=1), '"1 day, 0:00:00"'),
    (Fraction(1, 3), '"1/3"'),
    (1 + 2j, '"(1+2j)"'),
    (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
    (PurePosixPath("a/b"), '"a/b"'),
    (np.array([[1, 2]]), "[[1, 2]]"),
    (np.float64(0.5), "0.5"),
    (ValueError("a@b"), "$EXCEPTION@ValueError@a@b"),
    (ValueError("\ud800"), "$EXCEPTION@ValueError@\\ud800"),
    (Mute(), "$EXCEPTION@Mute@"),
    ([KeyError("k")], "[\"$EXCEPTION@KeyError@'k'\"]"),
    (object(), "$UNSERIALIZABLE@object"),
    ([1, object()], "$UNSERIALIZABLE@object"),
    (iter([1]), "$UNSERIALIZABLE@list_iterator"),
    (Point, "$UNSERIALIZABLE@type"),
    (CYCLE, "$UNSERIALIZABLE@list"),
    (Hostile(a=1), "$UNSERIALIZABLE@Hostile"),
]


@pytest.mark.parametrize(("value", "text"), TEXTS, ids=[text[:30] for _, text in TEXTS])
def test_a_value_has_one_text(value: Any, text: str) -> None:
    assert encode(value) == text
    text.encode()


def test_what_json_has_is_json() -> None:
    value = {"a": [1, 2.5, "é\u2028", None, True], "b": {}}
    assert json.loads(encode(value)) == value


def test_texts_are_stored_and_compared(lakehouse: Connection) -> None:
    outputs = [encode(value) for value in ({"a": 1, "b": {2, 3}}, {"b": {3, 2}, "a": 1.0}, float("nan"), object())]
    rows = observations(implementations=("i", "j"), tests=2).set_column(6, "output", [outputs])
    lakehouse.ingest("observations", rows)
    found = lakehouse.query(
        "SELECT response_kind AS kind, count(DISTINCT response_key) AS n FROM observations GROUP BY 1 ORDER BY 1"
    )
    assert found.to_pylist() == [{"kind": "NA", "n": 1}, {"kind": "VALUE", "n": 2}]
