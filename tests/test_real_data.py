"""The language on real observations, through the server, against facts computed without SQL."""

import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from lakehouse.engine import Engine
from lakehouse.warehouse import open_warehouse
from srcql_client import Connection
from srcql_client.importers import arena, solr
from tests.serving import served

MAJORITIES = "FROM (ORACLE FROM * BY run_id USING EXACT)"
CLUSTERS = "SELECT problem_id, run_id, implementations FROM (CLUSTER FROM * BY run_id USING EXACT)"

NA = r"^(\$N/A|_TOOLONG_|_NOT_EXECUTED_|\$NOTEXECUTED@.*|\$UNSERIALIZABLE@.*)$"
STEP = ("problem_id", "run_id", "test_id", "step_id")
Majority = dict[tuple[str, str, str, int], tuple[list[str], int, int, int]]
Partition = dict[tuple[str, str], list[list[str]]]


@pytest.fixture(scope="module")
def majorities(python_facts: dict[str, Any], python_folder: Path) -> Majority:
    """Return winners, votes, total and number of distinct responses of every step; NA outputs do not vote."""
    counted = {
        (problem, run, test, step["step"]): (step["winners"], step["votes"], step["total"], step["distinct"])
        for problem, facts in python_facts.items()
        for run, found in facts["runs"].items()
        for test, steps in found["majority"].items()
        for step in steps
    }
    return counted | {step: counted_without_na(votes) for step, votes in with_na(python_folder).items()}


def with_na(folder: Path) -> dict[tuple[str, str, str, int], Counter[str]]:
    """Count the outputs of the steps at which any output is NA."""
    rows = pq.read_table(folder / "observations.parquet", columns=[*STEP, "output", "specified_oracle"])
    rows = rows.filter(pc.invert(rows["specified_oracle"]))
    silent = rows.filter(pc.match_substring_regex(rows["output"], NA)).select(STEP)
    asked = rows.join(silent.group_by(STEP).aggregate([]), STEP, join_type="left semi")
    found: dict[tuple[str, str, str, int], Counter[str]] = defaultdict(Counter)
    for row in asked.to_pylist():
        found[tuple(row[name] for name in STEP)][row["output"]] += 1
    return found


def counted_without_na(outputs: Counter[str]) -> tuple[list[str], int, int, int]:
    votes = {output: count for output, count in outputs.items() if not re.match(NA, output, re.DOTALL)}
    most = max(votes.values(), default=0)
    winners = sorted(output for output, count in votes.items() if count == most)
    return winners, most, sum(votes.values()), len(votes)


def majority(oracle: pa.Table) -> Majority:
    return {
        tuple(row[name] for name in STEP): (row["candidates"], row["votes"], row["total"], row["n_distinct"])
        for row in oracle.to_pylist()
    }


@pytest.fixture(scope="module")
def truth(python_facts: dict[str, Any]) -> Partition:
    return {
        (problem, run): sorted(found["clusters"])
        for problem, facts in python_facts.items()
        for run, found in facts["runs"].items()
    }


def partition(clusters: pa.Table) -> Partition:
    found: Partition = defaultdict(list)
    for row in clusters.to_pylist():
        found[row["problem_id"], row["run_id"]].append(row["implementations"])
    return {key: sorted(members) for key, members in found.items()}


def test_every_cluster_of_both_runs(python_data: Connection, truth: Partition) -> None:
    assert len(truth) == 363 + 298
    assert partition(python_data.query(CLUSTERS)) == truth


def test_every_majority_of_both_runs(python_data: Connection, majorities: Majority) -> None:
    assert len(majorities) == 56_001
    found = python_data.query(MAJORITIES)
    assert majority(found) == majorities
    assert set(found["n_missing"].to_pylist()) == {0}


def test_arena_and_code_index_exports_agree(
    python_folder: Path, tmp_path: Path, truth: Partition, majorities: Majority
) -> None:
    with served(tmp_path / "warehouse") as connection:
        for part in (
            *arena.read(python_folder / "arena.parquet", "A"),
            *solr.read(python_folder / "solr_export.json.gz", "A"),
        ):
            connection.ingest(part.table, part.rows, part.batch_id)
        assert majority(connection.query(MAJORITIES)) == majorities
        assert partition(connection.query(CLUSTERS)) == truth
        sources = (
            "SELECT count(*) AS rows, count(source_code) AS sources FROM (SLICE implementation_id FROM * WITH CODE)"
        )
        counted = connection.query(sources).to_pylist()[0]
        assert counted["rows"] == counted["sources"] > 1_000_000


def test_canonical_clusters_are_unions_of_exact_ones(python_data: Connection) -> None:
    broken = python_data.query(
        """
        WITH exact AS (SELECT *, unnest(implementations) AS member FROM (CLUSTER FROM * BY run_id USING EXACT)),
             canonical AS (SELECT *, unnest(implementations) AS member FROM (CLUSTER FROM * BY run_id))
        SELECT problem_id, run_id, e.fingerprint
        FROM exact AS e JOIN canonical AS c USING (problem_id, run_id, member)
        GROUP BY ALL HAVING count(DISTINCT c.fingerprint) > 1
        """
    )
    assert broken.num_rows == 0


def test_slice_with_code_has_every_row_once(python_data: Connection, python_folder: Path) -> None:
    problem = "HumanEval_100_make_a_pile"
    found = python_data.query(f"SLICE implementation_id, output FROM HumanEval.{problem} RUNS EACH WITH CODE")
    stored = pq.read_table(python_folder / "observations.parquet", filters=[("problem_id", "=", problem)])
    assert found.num_rows == pc.sum(pc.invert(stored["specified_oracle"])).as_py()
    assert found["source_code"].null_count == 0


@pytest.fixture(scope="module")
def thirty(python_folder: Path, truth: Partition) -> tuple[pa.Table, Partition]:
    rows = pq.read_table(python_folder / "observations.parquet")
    problems = sorted({problem for problem, _ in truth})
    chosen = set(np.random.default_rng(7).choice(problems, 30, replace=False).tolist())
    shuffled = rows.filter(pc.is_in(rows["problem_id"], pa.array(sorted(chosen))))
    shuffled = shuffled.take(np.random.default_rng(8).permutation(len(shuffled)))
    return shuffled, {key: members for key, members in truth.items() if key[0] in chosen}


@pytest.mark.parametrize("batches", [1, 7, 200])
def test_layout_order_and_threads_do_not_change_results(
    tmp_path: Path, thirty: tuple[pa.Table, Partition], majorities: Majority, batches: int
) -> None:
    rows, expected = thirty
    problems = {problem for problem, _ in expected}
    votes = {step: found for step, found in majorities.items() if step[0] in problems}
    asked = ("CLUSTER FROM *", "ORACLE FROM *", "ORACLE FROM * RUNS STABLE TIE CLUSTER", "SLICE FROM * STEPS LAST")
    with served(tmp_path / "warehouse") as connection:
        for number in range(batches):
            connection.ingest("observations", rows.take(np.arange(number, len(rows), batches)))
        assert partition(connection.query(CLUSTERS)) == expected
        assert majority(connection.query(MAJORITIES)) == votes
        answers = [connection.query(text) for text in asked]
    with open_warehouse(tmp_path / "warehouse") as warehouse:
        for threads in (1, 2, 8):
            with Engine(warehouse, threads=threads) as engine:
                assert [engine.query(text).read_all() for text in asked] == answers
                assert majority(engine.query(MAJORITIES).read_all()) == votes


def test_a_snapshot_does_not_change_during_a_load(
    tmp_path: Path, thirty: tuple[pa.Table, Partition], majorities: Majority
) -> None:
    rows, expected = thirty
    asked = ("CLUSTER FROM *{}", "ORACLE FROM *{} BY run_id USING EXACT", "SLICE FROM *{} RUNS EACH")
    with served(tmp_path / "warehouse") as connection:
        problems = sorted({problem for problem, _ in expected})
        early = pc.is_in(rows["problem_id"], pa.array(problems[:15]))
        snapshot = connection.ingest("observations", rows.filter(early)).snapshot_id
        before = [connection.query(text.format("")) for text in asked]
        connection.ingest("observations", rows.filter(pc.invert(early)))
        past = f" AT (VERSION => {snapshot})"
        assert [connection.query(text.format(past)) for text in asked] == before
        assert majority(before[1]) == {step: votes for step, votes in majorities.items() if step[0] in problems[:15]}
        everything = {step: votes for step, votes in majorities.items() if step[0] in problems}
        assert majority(connection.query(MAJORITIES)) == everything


@pytest.mark.parametrize(
    ("using", "clusters"), [("USING EXACT", 1431), ("USING EXACT EXCEPTIONS TYPE", 1426), ("", 1425)]
)
def test_clusters_of_a_lasso_export(x: Connection, using: str, clusters: int) -> None:
    assert x.query(f"CLUSTER FROM HumanEval {using}").num_rows == clusters


def test_ties_for_the_largest_cluster(x: Connection) -> None:
    counted = x.query(
        "SELECT count(*) FILTER (NOT leads) AS tied, count(*) AS problems "
        "FROM (SELECT problem_id, bool_or(is_largest) AS leads FROM (CLUSTER FROM HumanEval USING EXACT) GROUP BY 1)"
    )
    assert counted.to_pylist() == [{"tied": 67, "problems": 461}]


CONSENSUS = "ORACLE FROM HumanEval USING EXACT STEPS EXCEPT CREATE"


def test_the_consensus_of_a_lasso_export(x: Connection) -> None:
    counts = x.query(f"SELECT status, count(*) AS steps FROM ({CONSENSUS}) GROUP BY ALL")
    counted = {row["status"]: row["steps"] for row in counts.to_pylist()}
    assert counted == {"MAJORITY": 802, "UNANIMOUS": 628, "PLURALITY": 322, "TIE": 242}


def test_how_often_the_consensus_equals_the_specified_output(x: Connection) -> None:
    equal = x.query(
        f"SELECT count(*) AS steps FROM ({CONSENSUS}) AS o JOIN observations AS e"
        " USING (data_set_id, problem_id, test_id, step_id) WHERE e.specified_oracle AND o.output = e.output"
    )
    assert equal.to_pylist() == [{"steps": 903}]


def test_the_only_missing_cells(x: Connection) -> None:
    missing = x.query(
        f"SELECT problem_id, test_id, sum(n_missing) AS cells FROM ({CONSENSUS}) WHERE n_missing > 0 GROUP BY ALL"
    )
    assert missing.to_pylist() == [{"problem_id": "HumanEval_71_triangle_area", "test_id": "test1()", "cells": 8}]
    matrix = x.query("MATRIX FROM HumanEval.HumanEval_71_triangle_area STEPS EXCEPT CREATE")
    assert [sum(matrix[name].null_count for name in matrix.column_names), matrix.num_columns] == [8, 4 + 9]
