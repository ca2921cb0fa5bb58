"""Paths of IGNORE: the parts they remove, and the agreement of the two packages that parse them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcql.clauses.paths import InvalidPath, canonical_path
from udfs.paths import parse_path, without

LEFT = {
    ("$.a",): {"b": [1, [2, 3], {"c": 4, "é x": 5}], "": 6},
    ("$.b",): {"a": {"b": 0}, "": 6},
    ("$.a.b",): {"a": {}, "b": [1, [2, 3], {"c": 4, "é x": 5}], "": 6},
    ("$.b[0]", "$.b[1][1]"): {"a": {"b": 0}, "b": [[2], {"c": 4, "é x": 5}], "": 6},
    ("$.b[*]",): {"a": {"b": 0}, "b": [], "": 6},
    ("$.b[*].c",): {"a": {"b": 0}, "b": [1, [2, 3], {"é x": 5}], "": 6},
    ('$.b[2]["\\u00e9 x"]', '$[""]'): {"a": {"b": 0}, "b": [1, [2, 3], {"c": 4}]},
    ("$.*",): {},
    ("$.*.b",): {"a": {}, "b": [1, [2, 3], {"c": 4, "é x": 5}], "": 6},
    ("$.*[1][*]",): {"a": {"b": 0}, "b": [1, [], {"c": 4, "é x": 5}], "": 6},
    ("$.a", "$.a.b", "$.b[1]", "$.b[*]"): {"b": [], "": 6},
    ("$.nowhere", "$[0]", "$[*]", "$.b.c", "$.b[9]", "$.a[0]", '$.b["0"]'): None,
}
DOCUMENT: Any = {"a": {"b": 0}, "b": [1, [2, 3], {"c": 4, "é x": 5}], "": 6}

WRONG = [
    "",
    "$",
    "a",
    "$a",
    "$.",
    "$..a",
    "$.1",
    "$.a-b",
    "$[]",
    "$[-1]",
    "$[a]",
    "$['a']",
    '$["a]',
    '$["\\x"]',
    "$[*",
    "$. a",
]
SAME = [
    ("$.a", '$["a"]', '$["\\u0061"]'),
    ("$[0]", "$[00]"),
    ('$["\\ud83d\\ude00"]', '$["\U0001f600"]'),
    ("$.é", '$["é"]'),
]


@pytest.mark.parametrize(("paths", "left"), LEFT.items())
def test_parts_are_removed(paths: tuple[str, ...], left: Any) -> None:
    assert without(DOCUMENT, [parse_path(path) for path in paths]) == (DOCUMENT if left is None else left)


@pytest.mark.parametrize("path", WRONG)
def test_invalid_paths_are_rejected(path: str) -> None:
    with pytest.raises(ValueError, match="expected a path"):
        parse_path(path)
    with pytest.raises(InvalidPath):
        canonical_path(path)


@pytest.mark.parametrize("paths", SAME, ids=lambda paths: paths[0])
def test_equivalent_paths(paths: tuple[str, ...]) -> None:
    assert len({canonical_path(path) for path in paths}) == 1
    assert len({parse_path(path) for path in paths}) == 1


@given(
    st.lists(st.sampled_from(["$", ".", "*", "[", "]", '"', "\\", "u0041", "a", "é", "0", "7", " ", "'"]), max_size=9)
)
def test_the_language_and_the_functions_accept_the_same_paths(letters: list[str]) -> None:
    path = "$" + "".join(letters)
    try:
        steps = parse_path(path)
    except ValueError:
        with pytest.raises(InvalidPath) as raised:
            canonical_path(path)
        assert 0 <= raised.value.offset <= len(path)
    else:
        assert parse_path(canonical_path(path)) == steps
        assert canonical_path(canonical_path(path)) == canonical_path(path)


@given(st.text())
def test_every_key_has_a_path(key: str) -> None:
    assert without({key: 1, key + "x": 2}, [parse_path(canonical_path(f"$[{json.dumps(key)}]"))]) == {key + "x": 2}
