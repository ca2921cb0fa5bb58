"""Every equality of USING: what it compares, and that it is an equivalence relation."""

import json
from itertools import product
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import udfs
from srcql.clauses.equality import Equality
from srcql.clauses.paths import canonical_path
from udfs.response import keys, response_text
from udfs.using import Using, parse_using

# Published with ALGORITHM_VERSION 1: stored keys must equal keys computed today.
PUBLISHED = {
    "1": -4900423523777951020,
    "1.50e2": -3295739871825273365,
    "-0.0": -2936036978594437040,
    "1e999999999": 3182382101065964442,
    "NaN": 3746720301323442185,
    '"a\\u00e9\\n"': -2861661399001748307,
    '{"b": [1, 2.0], "a": null, "b": true}': 4980823722626450235,
    "[1, 2": 3041326354241246777,
    "": 3074311139615044356,
    "null": -346055891100056158,
    "$EXCEPTION@a.B@m@n": 2047306178470667526,
    "$CUT@Stack@007": -1223958577621122016,
    "$N/A": 2373132075228129944,
    None: 2373132075228129944,
    "$*": -5449153658610798851,
}

TEXTS = [
    ("DIGITS 2", "[1.25, 135, 9.99]", "[12e-1,14e1,1e1]"),
    ("DIGITS 1", '{"15": "15"}', '{"15":"15"}'),
    ("DIGITS 3", "[NaN, -Infinity]", "[NaN,-Infinity]"),
    ("UNORDERED", '[3, {"a": [2, 1]}, "b", 3.0, null]', '["b",3e0,3e0,null,{"a":[1e0,2e0]}]'),
    ("UNORDERED", "[[2], [1], []]", "[[1e0],[2e0],[]]"),
    ("TYPED", "[1, 1.0, -0.0, NaN]", "[1e0,1e0f,0f,NaN]"),
    ("TYPED DIGITS 1", "[96, 96.0]", "[1e2,1e2f]"),
    ("IGNORE '$.a'", '{"a": 1, "b": 2, "a": 3}', '{"b":2e0}'),
    ("IGNORE '$[0]', '$[1]'", "[1, 2, 3]", "[3e0]"),
    ("IGNORE '$[0]' UNORDERED", "[2, 3, 1]", "[1e0,3e0]"),
    ("IGNORE '$.a'", "[1, 2", "[1, 2"),
    ("IGNORE '$[0]'", "[" * 201 + "]" * 201, "[" * 201 + "]" * 201),
    ("IGNORE '$[0]'", f"[1e{'9' * 601}, 2]", f"[1e{'9' * 601}, 2]"),
    ("DIGITS 1 UNORDERED TYPED", "[ " * 201 + "]" * 201, "[ " * 201 + "]" * 201),
    ("", '{"a": ' + "[" * 200 + "]" * 200 + ', "a": 1}', '{"a":1e0}'),
    ("DIGITS 1", "19.5", "2e1"),
    ("UNORDERED DIGITS 1", "[1.1, 0.9, 1e999999999]", "[1e0,1e999999999,9e-1]"),
]

EQUALITIES = [
    "",
    "EXACT",
    "DIGITS 2",
    "UNORDERED",
    "TYPED",
    "IGNORE '$.a', '$[*].b'",
    "EXCEPTIONS MESSAGE DIGITS 1 UNORDERED TYPED IGNORE '$[0]'",
]

WRONG = [
    "ROUGHLY",
    "EXACTLY",
    "DIGITS",
    "DIGITS 0",
    "DIGITS 1001",
    "DIGITS 1.5",
    "DIGITS 3 DIGITS 3",
    "TYPED, UNORDERED",
    "EXACT TYPED",
    "UNORDERED EXACT",
    "EXCEPTIONS",
    "EXCEPTIONS SOME",
    "IGNORE",
    "IGNORE $.a",
    "IGNORE '$.a",
    "IGNORE '$.a',",
    "THROUGH",
    "TOLERANCE",
    "TOLERANCE -1",
    "TOLERANCE .5",
    "TOLERANCE 0.1x",
    "TOLERANCE 0.1 REL",
    "TOLERANCE 0.1 DIGITS 3",
    "TOLERANCE 0.1 UNORDERED",
    "EXACT TOLERANCE 0.1",
    "REL 0.1",
]

numbers = st.integers(-50, 50).map(str) | st.sampled_from(["1.0", "0.95", "1.05", "-0.0", "1e1", "NaN", "1e999999999"])
documents = st.recursive(
    numbers | st.sampled_from(['"a"', '"é"', "null", "true"]),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(st.sampled_from("abc"), inner), max_size=4).map(
            lambda items: "{" + ",".join(f'"{key}": {value}' for key, value in items) + "}"
        )
    ),
    max_leaves=8,
)
outputs = documents | st.sampled_from(["$EXCEPTION@E@m", "$EXCEPTION@E", "$CUT@S@1", "$N/A", "$*", "[1,", ""])


def test_the_default_key_is_the_published_one() -> None:
    assert keys(pa.array(PUBLISHED)).to_pylist() == list(PUBLISHED.values())
    assert keys(pa.array(PUBLISHED), "canonical exceptions type").to_pylist() == list(PUBLISHED.values())


@pytest.mark.parametrize(("using", "output", "text"), TEXTS)
def test_canonical_text_under_options(using: str, output: str, text: str) -> None:
    assert response_text(output, parse_using(using)) == f"VALUE\x1f{text}"


@pytest.mark.parametrize("using", WRONG)
def test_invalid_equalities_are_rejected(using: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_using(using)


@pytest.mark.parametrize(
    "using",
    [
        "digits 3 unordered through 'it''s' ignore '$[\"''\"]' ,'$.b'",
        " UNORDERED  DIGITS 3 THROUGH \"it's\" IGNORE '$[\"''\"]','$.b' ",
    ],
)
def test_options_in_any_order_and_case(using: str) -> None:
    assert parse_using(using) == Using(digits=3, unordered=True, through="it's", ignore=(("'",), ("b",)))


@given(
    st.sampled_from([None, "TYPE", "MESSAGE", "ANY"]),
    st.none() | st.integers(1, 1000),
    st.booleans(),
    st.booleans(),
    st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3),
)
def test_the_functions_read_what_the_language_writes(
    exceptions: str | None, digits: int | None, unordered: bool, typed: bool, ignored: list[str]
) -> None:
    paths = tuple(canonical_path(f"$[{json.dumps(key)}].*") for key in ignored)
    equality = Equality(False, exceptions, digits, unordered, typed, paths)
    ignore = tuple((key, str) for key in ignored)
    assert parse_using(equality.text) == Using(False, exceptions or "TYPE", digits, unordered, typed, ignore)


@given(st.lists(outputs, min_size=3, max_size=3), st.sampled_from(EQUALITIES))
def test_every_equality_is_an_equivalence_relation(found: list[str], using: str) -> None:
    texts = [keys(pa.array([output]), using)[0].as_py() for output in found]
    same = {(i, j): texts[i] == texts[j] for i, j in product(range(3), repeat=2)}
    assert all(same[i, i] and same[i, j] == same[j, i] for i, j in same)
    assert all(not (same[0, i] and same[i, j]) or same[0, j] for i, j in same)


@given(documents, st.sampled_from(["", "DIGITS 2", "UNORDERED", "UNORDERED DIGITS 1"]))
def test_a_canonical_text_is_its_own_canonical_text(document: str, using: str) -> None:
    equality = parse_using(using)
    text = equality.canonical(document)
    assert equality.canonical(text) == text


@given(st.lists(documents, max_size=5).flatmap(lambda items: st.tuples(st.just(items), st.permutations(items))))
def test_multisets_ignore_order_but_not_multiplicity(found: tuple[list[str], list[str]]) -> None:
    items, shuffled = found
    unordered = parse_using("UNORDERED")
    assert unordered.canonical(f"[{','.join(items)}]") == unordered.canonical(f"[{','.join(shuffled)}]")
    assert unordered.canonical(f"[{','.join(items)}]") != unordered.canonical(f"[{','.join([*shuffled, '7'])}]")


@given(documents, documents, st.sampled_from(EQUALITIES[2:4]))
def test_what_is_equal_by_value_is_equal_under_wider_equalities(left: str, right: str, using: str) -> None:
    default, wider = parse_using(""), parse_using(using)
    assert default.canonical(left) != default.canonical(right) or wider.canonical(left) == wider.canonical(right)
    typed = parse_using("TYPED")
    assert typed.canonical(left) != typed.canonical(right) or default.canonical(left) == default.canonical(right)


def test_plain_sql_takes_every_option() -> None:
    with duckdb.connect() as connection:
        udfs.register(connection)
        same: list[tuple[Any, ...]] = connection.sql(
            "SELECT response_key('[1.04, 2]', 'DIGITS 2 UNORDERED') = response_key('[2, 1]', 'UNORDERED DIGITS 2'),"
            " canonical_response('{\"a\": 1, \"b\": 2}', 'IGNORE ''$.a''')"
        ).fetchall()
        assert same == [(True, 'VALUE\x1f{"b":2e0}')]
