"""DIFF on real observations, against counts in plain Python."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import udfs
from srcql.compiler import compile
from srcql_client.importers import arena
from tests.serving import served

MUTANTS = {0: 6, 2: 3, 3: 3, 7: 2, 13: 2} | dict.fromkeys((4, 8, 12, 14, 15, 16, 17), 1)


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
