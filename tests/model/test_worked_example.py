"""The reference model on examples computed by hand."""

import pytest

from tests.model.answer import answer
from tests.model.equality import response_text
from tests.model.statement import Every, Lakehouse, Row, Source, Statement, Using

VERSIONS = ("V1", "V2", "V3", "V4", "V5")
ANSWERS = {
    "test1": (1, 7, -7, 1, 1),
    "test2": (5, 15, -15, 5, 5),
    "test3": (7, 14, 28, 7, 7),
    "test4": (12, 60, 60, 12, 12),
    "tgen1": (1, 1, 1, 2158, 2158),
    "tgen2": (1, 1, 1, 503, 503),
    "tgen3": (-15, 1, -15, -15, -15),
}
FIVE = [
    {"data_set_id": "L10", "problem_id": "p", "implementation_id": version, "test_id": test, "step_id": 0}
    | {"output": str(output)}
    for test, outputs in ANSWERS.items()
    for version, output in zip(VERSIONS, outputs, strict=True)
]


def ask(verb: str, *own: str) -> list[Row]:
    return answer(Statement(verb, Source("L10", list), own=own), Lakehouse(FIVE))


def test_clusters_of_five_versions() -> None:
    rows = ask("CLUSTER")
    assert [row["implementations"] for row in rows] == [["V4", "V5"], ["V1"], ["V2"], ["V3"]]
    assert [row["share"] for row in rows] == [2 / 5, 1 / 5, 1 / 5, 1 / 5]
    assert [row["is_largest"] for row in rows] == [True, False, False, False]


@pytest.mark.parametrize(
    ("scheme", "outputs"),
    [
        ("PER STEP", ["1", "5", "7", "12", "1", "1", "-15"]),
        ("PER CLUSTER", ["1", "5", "7", "12", "2158", "503", "-15"]),
    ],
)
def test_two_voting_schemes(scheme: str, outputs: list[str]) -> None:
    assert [row["output"] for row in ask("ORACLE", scheme)] == outputs


def test_figures_of_one_vote() -> None:
    (row,) = [row for row in ask("ORACLE") if row["test_id"] == "tgen1"]
    assert (row["votes"], row["total"], row["support"], row["margin"]) == (3, 5, 3 / 5, 1 / 5)
    assert (row["n_distinct"], row["candidates"], row["status"]) == (2, ["1"], "MAJORITY")


def test_figures_of_one_cluster() -> None:
    (row,) = [row for row in ask("ORACLE", "PER CLUSTER") if row["test_id"] == "tgen1"]
    assert (row["votes"], row["total"], row["support"], row["margin"]) == (2, 5, 2 / 5, 1 / 5)
    assert (row["n_distinct"], row["candidates"], row["status"]) == (4, ["2158"], "PLURALITY")


@pytest.mark.parametrize(
    ("output", "using", "text"),
    [
        ("1.50e2", Using(), "VALUE\x1f15e1"),
        ("-0.0", Using(typed=True), "VALUE\x1f0f"),
        ("1e999999999", Using(), "VALUE\x1f1e999999999"),
        ("2.5", Using(digits=1), "VALUE\x1f2e0"),
        ("3.5", Using(digits=1), "VALUE\x1f4e0"),
        ("99951", Using(digits=3), "VALUE\x1f1e5"),
        ("[2, 1.0, [3, 1]]", Using(unordered=True), "VALUE\x1f[1e0,2e0,[1e0,3e0]]"),
        ('{"b": 1, "a": 2, "b": NaN}', Using(), 'VALUE\x1f{"a":2e0,"b":NaN}'),
        ('{"a": [1, 2, 3], "b": 4}', Using(ignore=(("a", 0), ("b",))), 'VALUE\x1f{"a":[2e0,3e0]}'),
        ('[{"t": 1}, {"t": 2}]', Using(ignore=((Every.ELEMENT, "t"),)), "VALUE\x1f[{},{}]"),
        ('"\\u0041\\n\\ud800"', Using(), 'VALUE\x1f"A\\n\\ud800"'),
        ("[" * 201 + "]" * 201, Using(), "VALUE\x1f" + "[" * 201 + "]" * 201),
        ("$EXCEPTION@E@a@b", Using(exceptions="MESSAGE"), "EXCEPTION\x1fE@a@b"),
        ("$EXCEPTION@E@a@b", Using("EXACT"), "EXCEPTION\x1f$EXCEPTION@E@a@b"),
        ("$CUT@A@007", Using(), "REF\x1f7"),
        ("$CUT@A@x", Using(), "VALUE\x1f$CUT@A@x"),
        (" null\n", Using(), "NULL"),
        (None, Using("EXACT"), "NA"),
    ],
)
def test_response_texts(output: str | None, using: Using, text: str) -> None:
    assert response_text(output, using) == text
