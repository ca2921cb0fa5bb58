"""Strategies for JSON values, with several spellings of each."""

import json
from typing import Any

from hypothesis import strategies as st

Draw = st.DrawFn
Number = tuple[int, int]  # digits and the power of ten that multiplies them

NUMBERS = st.tuples(st.integers(-12_500, 12_500), st.sampled_from((0, 0, 1, -1, -2, 3, -9, 20, 310, -330, 10**9)))
TEXTS = st.text(st.sampled_from('aAé\u0301"\\/\n\x00\x7f\u2028\uffff😀'), max_size=3)
LEAVES = st.one_of(NUMBERS, NUMBERS, TEXTS, st.sampled_from((True, False, None)))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.sampled_from("ab"), TEXTS), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def spellings(draw: Draw) -> tuple[str, ...]:
    """Draw one value in a few spellings, and a few values that are almost equal."""
    value = draw(VALUES)
    return tuple(draw(_spelled(value, order)) for order in (False, False, True, True))


@st.composite
def _spelled(draw: Draw, value: Any, reorder: bool) -> str:
    """Draw a spelling of a value; with `reorder` arrays may be reordered."""
    gap = draw(st.sampled_from(("", "", "", " ", "\n\t")))
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        members = [f"{draw(_text(key))}:{gap}{draw(_spelled(value[key], reorder))}" for key in keys]
        again = [f"{draw(_text(key))}:0" for key in keys[:1] if draw(st.sampled_from((False, False, True)))]
        return "{" + f",{gap}".join(again + members) + "}"
    if isinstance(value, list):
        elements = draw(st.permutations(value)) if reorder else value
        return f"[{gap}" + f"{gap},".join(draw(_spelled(element, reorder)) for element in elements) + "]"
    if isinstance(value, tuple):
        return draw(_number(value))
    return draw(_text(value)) if isinstance(value, str) else json.dumps(value)


@st.composite
def _number(draw: Draw, number: Number) -> str:
    digits, power = number
    zeros = draw(st.sampled_from((0, 0, 1, 5)))
    point = draw(st.sampled_from((0, 0, 1, 3)))
    sign, text = "-" * (digits < 0), str(abs(digits)) + "0" * zeros
    power += point - zeros
    if point:
        text = text.rjust(point + 1, "0")
        text = f"{text[:-point]}.{text[-point:]}"
    spelled = {"0": "", "e": f"e{power}", "E": f"E{power:+03d}"}
    return sign + text + spelled[draw(st.sampled_from("0e" if power == 0 else "eE"))]


def _text(text: str) -> st.SearchStrategy[str]:
    ways = [json.dumps(text), json.dumps(text, ensure_ascii=False), json.dumps(text).replace("/", "\\/")]
    return st.sampled_from(ways)
