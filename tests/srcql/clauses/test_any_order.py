"""The clauses of a verb mean the same in every order."""

import random

import pytest

from srcql.compiler import compile
from srcql.errors import InvalidQuery
from srcql.verbs import VERBS

SHARED = ("WHERE step_id > 0 AND output IN ('1')", "BY environment_id, ci_pipeline_id", "USING DIGITS 3 EXCEPTIONS ANY")
CHOSEN = ("RUNS EACH", "STEPS 1, 2", "MISSING DROP TESTS")
OWN = {
    "SLICE": ("SLICE output", ("WITH CODE", "WITH TESTS", "WITH SPECIFIED")),
    "MATRIX": ("MATRIX kind", ("ROWS TEST", "AT MOST 7", "WITH SPECIFIED", "WITH INPUTS")),
    "CLUSTER": ("CLUSTER", ("MIN SIZE 2", "WEIGHT DISTINCT CODE")),
    "ORACLE": ("ORACLE", ("PER CLUSTER", "QUORUM 2/5", "EXCEPTIONS ABSTAIN", "TIE CLUSTER", "WITH INPUTS")),
    "CHECK": ("CHECK", ("AGAINST ORACLE (USING EXACT QUORUM 0.4 TIE CLUSTER)", "PER TEST")),
    "RANK": ("RANK", ("ON PASSES", "AGAINST IMPLEMENTATION 'a@r'")),
    "SIMILARITY": ("SIMILARITY", ("MIN 0.5", "TOP 3")),
    "DIFF": ("DIFF COMMIT a TO b", ("AGAINST SPECIFIED NULL DEFINED", "NOISE c", "CHANGED ONLY")),
    "FLAKY": ("FLAKY", ("WITHIN COMMIT", "MIN RUNS 3")),
    "DISCRIMINATE": ("DISCRIMINATE", ()),
    "MINIMIZE": ("MINIMIZE", ("TO 2",)),
}


@pytest.mark.parametrize("verb", VERBS)
def test_clauses_in_any_order_are_the_same_statement(verb: str) -> None:
    head, own = OWN[verb]
    clauses = [*SHARED, *(CHOSEN[1:] if verb == "FLAKY" else CHOSEN), *own]
    expected = compile(f"{head} FROM D.p {' '.join(clauses)} ORDER BY problem_id LIMIT 3").sql
    chance = random.Random(verb)
    for _ in range(20):
        chance.shuffle(clauses)
        assert compile(f"{head} FROM D.p {' '.join(clauses)} ORDER BY problem_id LIMIT 3").sql == expected, clauses


def test_clauses_of_the_consensus_are_in_any_order() -> None:
    text = "CHECK FROM D AGAINST ORACLE ({}) LEAVE ONE OUT"
    assert (
        compile(text.format("TIE LEAST QUORUM 0.4 USING EXACT")).sql
        == compile(text.format("USING EXACT QUORUM 0.4 TIE LEAST")).sql
    )


@pytest.mark.parametrize(
    "clauses", ["LIMIT 3 WHERE step_id = 1", "WHERE step_id = 1 AT (VERSION => 7)", "LIMIT 1 RUNS EACH"]
)
def test_the_first_and_the_last_clauses_have_their_places(clauses: str) -> None:
    with pytest.raises(InvalidQuery, match="belongs before"):
        compile(f"CLUSTER FROM D {clauses}")
