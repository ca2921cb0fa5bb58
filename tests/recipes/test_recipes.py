"""Every recipe returns what can be counted by hand on the small cube, which needs no real data."""

import re
from collections.abc import Iterator

import duckdb
import pytest

from srcql.compiler import compile
from tests.recipes.page import PAGE, RECIPES
from tests.srcql.spec import cube
from tests.srcql.test_language_page import cell

NAMES = {
    r"HumanEval\.HumanEval_98\w+, HumanEval\.\w+,": "Demo.abs,",
    r"HumanEval\.HumanEval_155\w+": "Demo.stack",
    r"HumanEval\.\w+": "Demo.abs",
    "FROM Queue": "FROM Demo.abs",
    "FROM (HumanEval|MBPP|Arena)": "FROM Demo",
    "'(MBPP|Arena)'": "'Demo'",
    "1_original_0": "a",
    "1_mutant0_0": "c",
    "p < 0.1": "p < 0.9",  # all of them fail half of two tests, or no test
    r"8 \* band \+ 8\]": "8 * band + 1]",  # no two are similar enough to share eight neighbours
    "similarity >= 0.9": "similarity < 0.9",
}
COUNTED = {
    "Mutation score": ["abs 5 4 0.8"],
    "Kill matrix": ["t1 0 UNDEFINED", "t1 1 PASS", "t2 0 UNDEFINED", "t2 1 FAIL"],
    "pass@k": ["1 0.3333 NULL"],
    "Behavioural diversity": ["abs 6 4 1.33 3.78", "stack 3 3 1.099 3"],
    "Slowest implementations": ["1 a NULL", "1 b NULL"],
    "Missing cells": ["abs e t2", "abs f t1"],
    "Oracle accuracy": ["NULL 2 2 2 1", "MAJORITY 2 2 2 1"],
    "Coincident failures": ["abs 6 2 2 1 0.5 0.8165"],
    "Flaky tests": ["p 6 1 6 8"],
    "Regression suite": ["1 t2 11 3 NULL", "2 t1 2 4 sheet 1"],
    "Regression suite 2": ["3 4"],
    "Near-duplicate behaviour": ["a f 2 1 0.5312", "c e 2 1 0.4766", "a e 2 1 0.4688", "a c 2 2 0.3281"],  # 1/2 and 1/3
    "Training set 2": ["2 2 1 1 2"],
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    file = tmp_path_factory.mktemp("recipes") / "training_set.parquet"
    with cube() as connection:
        connection.sql(here(RECIPES["Training set"].text)).write_parquet(str(file))
        connection.execute(f"SET file_search_path = '{file.parent}'")
        yield connection


def here(text: str) -> str:
    for pattern, name in NAMES.items():
        text = re.sub(pattern, name, text)
    return compile(text).sql


@pytest.mark.parametrize("name", COUNTED)
def test_a_recipe_returns_what_is_counted_by_hand(database: duckdb.DuckDBPyConnection, name: str) -> None:
    found = database.sql(here(RECIPES[name].text))
    assert [" ".join(map(cell, row)) for row in found.fetchall()] == COUNTED[name]
    if name != "Kill matrix":  # its columns are implementations
        assert found.columns == RECIPES[name].columns


def test_a_kill_matrix_may_have_a_row_for_each_test(database: duckdb.DuckDBPyConnection) -> None:
    per_test = (
        RECIPES["Kill matrix"].text.replace("PER STEP", "PER TEST").replace("step_id, verdict", "0 AS step_id, verdict")
    )
    assert database.sql(here(per_test)).fetchall() == [("t1", 0, "PASS"), ("t2", 0, "FAIL")]


def test_every_recipe_has_its_result() -> None:
    assert RECIPES.keys() == COUNTED.keys() | {"Training set"}
    assert [name for name, recipe in RECIPES.items() if not recipe.result] == ["Training set"]
    assert len(RECIPES) == PAGE.count("```sql")
