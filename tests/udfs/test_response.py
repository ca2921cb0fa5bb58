import hashlib
import json
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import udfs
from udfs.canonical import canonical
from udfs.kind import kind_of
from udfs.number import number
from udfs.response import key_of, keys, kinds, response_text
from udfs.using import parse_using

KINDS = {
    "VALUE": ["1", "[1, 2]", "", "not json",
              "$TRUNCATED@ab@9", "$EXCEPTION", "$CUT@Stack", "$CUT@Stack@x", "$", "_EXCEPTION_"],
    "NULL": ["null", " null\n"],
    "EXCEPTION": ["$EXCEPTION@", "$EXCEPTION@a.B@null", "$EXCEPTION@a.B", "$EXCEPTION@E@a@b\nc"],
    "REF": ["$CUT@Stack@0", "$CUT@a@b@12", "$CUT@@7"],
    "NA": ["$N/A", "_TOOLONG_", "_NOT_EXECUTED_", "$NOTEXECUTED@budget", "$UNSERIALIZABLE@object", None],
    "UNDEFINED": ["$*", "_NA_"],
}  # fmt: skip

CANONICAL = {
    "150": "15e1",
    "1.5e2": "15e1",
    "0": "0",
    "-0.0": "0",
    "0e99": "0",
    "-12.50": "-125e-1",
    "0.001": "1e-3",
    "1e999999999": "1e999999999",
    "1e-0005": "1e-5",
    "123456789012345678901234567890.5": "1234567890123456789012345678905e-1",
    "01": "01",
    "NaN": "NaN",
    "-Infinity": "-Infinity",
    "[NaN, Infinity]": "[NaN,Infinity]",
    ' { "b" : [ ] , "a" : { } } ': '{"a":{},"b":[]}',
    '{"a":1,"a":2}': '{"a":2e0}',
    '{"\U0001f600":1,"\uffff":2}': '{"\uffff":2e0,"\U0001f600":1e0}',
    '"\\u00e9\\/\\u0007\\n"': '"é/\\u0007\\n"',
    '"\\ud800"': '"\\ud800"',
    '"e\u0301"': '"e\u0301"',
    "{'a': 1}": "{'a': 1}",
    "[" * 200 + "]" * 200: "[" * 200 + "]" * 200,
    "[ " * 201 + "]" * 201: "[ " * 201 + "]" * 201,
    "[" * 100_000: "[" * 100_000,
    "1e" + "9" * 5000: "1e" + "9" * 5000,
}


@pytest.mark.parametrize(("kind", "output"), [(kind, output) for kind, outputs in KINDS.items() for output in outputs])
def test_kind_of_every_token(kind: str, output: str | None) -> None:
    assert kind_of(output) == kind


@pytest.mark.parametrize(("text", "expected"), CANONICAL.items())
def test_canonical_text(text: str, expected: str) -> None:
    assert canonical(text) == expected


@given(st.decimals(allow_nan=False, allow_infinity=False), st.integers(0, 30))
def test_equal_numbers_have_the_same_text(value: Decimal, zeros: int) -> None:
    literal = f"{value:f}"
    padded = literal + ("0" if "." in literal else ".0") * zeros if zeros and "." in literal else literal
    assert number(literal) == number(padded)
    assert Decimal(number(literal)) == value


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_layout_does_not_matter(value: object) -> None:
    texts = {
        canonical(json.dumps(value, indent=indent, ensure_ascii=ascii_only))
        for indent in (None, 2)
        for ascii_only in (False, True)
    }
    assert len(texts) == 1


def test_equalities() -> None:
    outputs = ["$EXCEPTION@E@a", "$EXCEPTION@E@b", "$EXCEPTION@F@a", "$EXCEPTION@E", "$EXCEPTION@E@", "1.0", "1"]

    def classes(using: str) -> list[set[str]]:
        found: dict[str, set[str]] = {}
        for output in outputs:
            found.setdefault(response_text(output, parse_using(using)), set()).add(output)
        return sorted(found.values(), key=min)

    e_a, e_b, f_a, e, e_empty, float_one, one = ({output} for output in outputs)
    assert classes("") == sorted([e_a | e_b | e | e_empty, f_a, one | float_one], key=min)
    assert classes("EXACT") == sorted([e_a, e_b, f_a, e, e_empty, float_one, one], key=min)
    assert classes("EXACT EXCEPTIONS TYPE") == sorted([e_a | e_b | e | e_empty, f_a, one, float_one], key=min)
    assert classes("exact exceptions message") == sorted([e_a, e_b, f_a, e | e_empty, one, float_one], key=min)
    assert classes("CANONICAL EXCEPTIONS ANY") == sorted([e_a | e_b | f_a | e | e_empty, one | float_one], key=min)


def test_key_is_the_first_half_of_the_digest() -> None:
    digest = hashlib.sha256(b"VALUE\x1f15e1").digest()
    assert keys(pa.array(["150"])).to_pylist() == [int.from_bytes(digest[:8], "big", signed=True)]


def test_array_layouts_agree() -> None:
    outputs = ["1.0", None, "1", "x", None, "$*"]
    plain = pa.array(outputs)
    layouts = [
        plain,
        plain.dictionary_encode(),
        pa.chunked_array([plain[:2], plain[2:2], plain[2:]]),
        plain.cast(pa.large_string()),
    ]
    for layout in layouts:
        assert keys(layout).to_pylist() == [key_of(response_text(output, parse_using(""))) for output in outputs]
        assert kinds(layout).to_pylist() == [kind_of(output) for output in outputs]


def test_plain_sql_calls_them() -> None:
    with duckdb.connect() as connection:
        udfs.register(connection)
        rows = connection.cursor().sql(
            "SELECT output, response_kind(output), exception_class(output), exception_message(output), "
            "response_key(output, equality) = response_key(output, 'EXACT') "
            "FROM (VALUES ('1.0', ''), ('$EXCEPTION@E@m', 'EXACT'), (NULL, '')) AS t(output, equality)"
        )
        assert sorted(rows.fetchall(), key=str) == [
            ("$EXCEPTION@E@m", "EXCEPTION", "E", "m", True),
            ("1.0", "VALUE", None, None, False),
            (None, "NA", None, None, True),
        ]
        with pytest.raises(duckdb.Error, match=r"expected \[EXACT \| CANONICAL \| TOLERANCE"):
            connection.sql("SELECT response_key('1', 'ROUGHLY')").fetchall()
