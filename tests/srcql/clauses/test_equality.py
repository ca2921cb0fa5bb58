"""USING: each equality has one text, and the clauses of a verb that begin alike stay with the verb."""

import pytest

from srcql.compiler import compile
from srcql.errors import InvalidQuery

SAME = {
    "": ["CANONICAL", "EXCEPTIONS TYPE", "canonical exceptions type"],
    "EXCEPTIONS ANY DIGITS 3 UNORDERED TYPED": [
        "TYPED UNORDERED DIGITS 3 EXCEPTIONS ANY",
        "CANONICAL digits 3 typed exceptions any unordered",
    ],
    "IGNORE '$[\"a\"]', '$.b[0]'": ["IGNORE '$.b[00]', '$.a'", "IGNORE '$.a', '$[\"\\u0061\"]', '$.b[0]'"],
    "THROUGH sorted_lines TYPED": ['TYPED THROUGH "sorted_lines"', "TYPED THROUGH 'sorted_lines'"],
}


def lowered(using: str) -> str:
    return compile(f"CLUSTER FROM MBPP{f' USING {using}' if using else ''}").sql


@pytest.mark.parametrize(("one", "others"), SAME.items())
def test_equal_equalities_have_one_text(one: str, others: list[str]) -> None:
    assert {lowered(other) for other in others} == {lowered(one)}


def test_exceptions_vote_and_abstain_belong_to_oracle() -> None:
    apart = "ORACLE FROM MBPP USING DIGITS 3{} EXCEPTIONS ABSTAIN"
    assert compile(apart.format("")).sql != compile(apart.format(" EXCEPTIONS ANY")).sql
    with pytest.raises(InvalidQuery, match="expected TYPE, MESSAGE or ANY, found ABSTAIN"):
        compile("ORACLE FROM MBPP USING EXCEPTIONS ABSTAIN")
