"""DIFF and SIMILARITY on real observations, against what plain Python counts."""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import udfs
from srcql.compile import compile
from srcql_client.importers import arena
from tests.serving import served

MUTANTS = {0: 6, 2: 3, 3: 3, 7: 2, 13: 2} | dict.fromkeys((4, 8, 12, 14, 15, 16, 17), 1)
CELLS = """
    SELECT problem_id, implementation_id, test_id, list((step_id, output) ORDER BY step_id) AS steps FROM observations
    WHERE run_id = 'run-0001' AND NOT specified_oracle AND list_contains(?, problem_id) GROUP BY ALL
"""
SAMPLE = 2_000


@pytest.fixture(scope="module")
def database(python_folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        udfs.register(connection)
        connection.execute(f"CREATE VIEW observations AS FROM read_parquet('{python_folder / 'observations.parquet'}')")
        yield connection


def rows(database: duckdb.DuckDBPyConnection, text: str) -> list[tuple[Any, ...]]:
    return database.sql(compile(text).sql).fetchall()


def test_two_runs_differ_where_they_are_flaky(
    database: duckdb.DuckDBPyConnection, python_facts: dict[str, Any]
) -> None:
    flaky = {(problem, *step) for problem, facts in python_facts.items() for step in facts["flaky"]}
    diff = "DIFF RUN 'run-0001' TO 'run-0002' FROM * USING EXACT CHANGED ONLY"
    steps = "SELECT problem_id, implementation_id, test_id, step_id"
    changed = rows(database, f"{steps} FROM ({diff}) WHERE status = 'CHANGED'")
    assert len(changed) == len(flaky) == 352
    assert set(changed) == flaky


def test_every_killed_mutant_differs_in_so_many_steps(data: Path, tmp_path: Path) -> None:
    with served(tmp_path / "warehouse") as connection:
        for part in arena.read(data / "lasso" / "BOUNDED_QUEUE_MUTATION.parquet", "A"):
            connection.ingest(part.table, part.rows, part.batch_id)
        ids = connection.query("SELECT DISTINCT implementation_id AS id FROM observations WHERE NOT specified_oracle")
        original, mutants = None, {}
        for name in ids["id"].to_pylist():
            number = re.search("mutant([0-9]+)", name)
            original, mutants = (original, mutants | {int(number[1]): name}) if number else (name, mutants)
        diff = f"DIFF IMPLEMENTATION '{original}' TO '{{}}' FROM A USING EXACT CHANGED ONLY"
        found = {number: connection.query(diff.format(name)).num_rows for number, name in mutants.items()}
    assert len(found) == 28
    assert {number: steps for number, steps in found.items() if steps} == MUTANTS


def test_agreement_of_pairs_is_what_counting_gives(database: duckdb.DuckDBPyConnection) -> None:
    text = "SELECT * EXCLUDE (data_set_id) FROM (SIMILARITY {} FROM MBPP WHERE run_id = 'run-0001' USING EXACT)"
    pairs = random.Random(5).sample(rows(database, text.format("AGREEMENT")), SAMPLE)
    jaccard = {row[:3]: row[3] for row in rows(database, text.format("JACCARD"))}
    problems = sorted({pair[0] for pair in pairs})
    cells: dict[tuple[str, str], dict[str, list[Any]]] = defaultdict(dict)
    for problem, implementation, test, steps in database.execute(CELLS, [problems]).fetchall():
        cells[problem, implementation][test] = steps
    universe = {
        of: {test for (problem, _), tests in cells.items() if problem == of for test in tests} for of in problems
    }
    for problem, left, right, similarity, common, equal, missing in pairs:
        ours, theirs = cells[problem, left], cells[problem, right]
        both = ours.keys() & theirs.keys()
        same = sum(ours[test] == theirs[test] for test in both)
        assert (common, equal, missing) == (len(both), same, len(universe[problem]) - len(both))
        assert similarity == same / len(both)
        a, b = (Counter((test, *step) for test in both for step in of[test]) for of in (ours, theirs))
        assert jaccard[problem, left, right] == len(a & b) / len(a | b)
