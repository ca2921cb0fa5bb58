"""The choices that each clause of each verb has, and shapes that combine every two of them."""

from hypothesis import strategies as st

from tests.model.pairs import Pair, Shape, covering

SHARED = {
    "FROM": ("names", "everything", "query", "verb"),
    "WHERE": ("", "problem", "response"),
    "BY": ("", "run_id", "others"),
    "USING": ("", "EXACT", "options"),
    "RUNS": ("", "EACH", "STABLE"),
    "STEPS": ("", "LAST", "numbers", "EXCEPT CREATE"),
    "MISSING": ("", "DROP IMPLEMENTATIONS", "DROP TESTS"),
    "ORDER": ("", "LIMIT", "ORDER BY"),
}
COMPARING = SHARED | {"USING": (*SHARED["USING"], "TOLERANCE"), "MISSING": (*SHARED["MISSING"], "IGNORE")}
REFERENCES = ("SPECIFIED", "ORACLE", "IMPLEMENTATION", "RUN")
FACTORS: dict[str, dict[str, tuple[str, ...]]] = {
    "SLICE": SHARED
    | {
        "HEAD": ("", "*", "output, kind, implementation_id", "test_id, implementation_hash, execution_time_ms"),
        "CODE": ("", "WITH CODE"),
        "TESTS": ("", "WITH TESTS"),
        "SPECIFIED": ("", "WITH SPECIFIED"),
    },
    "MATRIX": SHARED
    | {
        "FROM": ("names", "query", "verb"),
        "HEAD": ("", "output", "kind", "execution_time_ms"),
        "ROWS": ("", "ROWS STEP", "ROWS TEST"),
        "AT MOST": ("", "AT MOST 1", "AT MOST 9"),
        "SPECIFIED": ("", "WITH SPECIFIED"),
        "INPUTS": ("", "WITH INPUTS"),
    },
    "CLUSTER": SHARED | {"SIZE": ("", "MIN SIZE 1", "MIN SIZE 2"), "WEIGHT": ("", "WEIGHT DISTINCT CODE")},
    "ORACLE": SHARED
    | {
        "PER": ("", "PER STEP", "PER CLUSTER"),
        "RULE": ("", "PLURALITY", "MAJORITY", "QUORUM 0.5", "QUORUM 2/3"),
        "EXCEPTIONS": ("", "EXCEPTIONS VOTE", "EXCEPTIONS ABSTAIN"),
        "TIE": ("", "TIE NULL", "TIE CLUSTER", "TIE LEAST"),
        "INPUTS": ("", "WITH INPUTS"),
        "RUNS": (*SHARED["RUNS"], "ALL"),
    },
    "CHECK": COMPARING | {"AGAINST": REFERENCES, "PER": ("", "PER TEST", "PER STEP")},
    "RANK": SHARED | {"ON": ("SIZE", "AGREEMENT", "MBR", "METRIC", "PASSES", "CODET")},
    "SIMILARITY": COMPARING
    | {"HEAD": ("", "AGREEMENT", "JACCARD", "EDIT"), "MIN": ("", "MIN"), "TOP": ("", "TOP 1", "TOP 3")},
    "DIFF": COMPARING
    | {
        "AXIS": ("RUN", "COMMIT", "ENVIRONMENT", "IMPLEMENTATION"),
        "AGAINST": ("", *REFERENCES),
        "NOISE": ("", "NOISE"),
        "CHANGED": ("", "CHANGED ONLY"),
    },
    "FLAKY": {name: values for name, values in SHARED.items() if name != "RUNS"}
    | {
        "WITHIN": ("", "WITHIN CODE", "WITHIN IMPLEMENTATION", "WITHIN COMMIT"),
        "MIN": ("", "MIN RUNS 1", "MIN RUNS 3"),
    },
    "DISCRIMINATE": SHARED,
    "MINIMIZE": SHARED | {"TO": ("", "TO 1", "TO 2")},
}


def _apart(clause: str, choice: str, other: str, choices: tuple[str, ...]) -> list[Pair]:
    return [frozenset({(clause, choice), (other, one)}) for one in choices]


UNSTABLE = _apart("USING", "TOLERANCE", "RUNS", ("STABLE",))
OTHER_RUN = _apart("AGAINST", "RUN", "BY", ("run_id",))
APART: dict[str, list[Pair]] = {verb: [] for verb in FACTORS} | {
    "ORACLE": _apart("RUNS", "ALL", "PER", ("PER CLUSTER",)) + _apart("RUNS", "ALL", "TIE", ("TIE CLUSTER",)),
    "CHECK": UNSTABLE + OTHER_RUN,
    "SIMILARITY": UNSTABLE + _apart("USING", "TOLERANCE", "HEAD", ("JACCARD", "EDIT")),
    "DIFF": UNSTABLE + OTHER_RUN + _apart("AXIS", "RUN", "BY", ("run_id",)) + _apart("AXIS", "RUN", "RUNS", ("EACH",)),
}


def shapes(verb: str) -> list[Shape]:
    """Return shapes of a verb that cover all choices pairwise."""
    return covering(FACTORS[verb], APART[verb])


def shapes_of_chance() -> st.SearchStrategy[tuple[str, Shape]]:
    """Draw any verb with any choices."""
    return st.sampled_from(list(FACTORS)).flatmap(lambda verb: st.tuples(st.just(verb), shapes_of(verb, {})))


def shapes_of(verb: str, fixed: Shape) -> st.SearchStrategy[Shape]:
    """Draw the choices of a verb that are not fixed."""
    choices = {
        name: st.sampled_from([fixed[name]] if name in fixed else values) for name, values in FACTORS[verb].items()
    }
    return st.fixed_dictionaries(choices).filter(lambda shape: not any(pair <= shape.items() for pair in APART[verb]))
