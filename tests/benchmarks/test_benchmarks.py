import io
import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from benchmarks.answers import WrongAnswer, check_rows, clusters, truth
from benchmarks.generator import Shape, generate
from benchmarks.prior_art import CLUSTER, PriorArt
from benchmarks.report import SIDES, show
from benchmarks.run import Run
from benchmarks.workload import Workload
from srcql.schema import TABLES

TINY = Shape(implementations=4, tests=4, steps=2)


@pytest.fixture
def data(tmp_path: Path) -> Workload:
    generate(tmp_path / "data", 2, TINY)
    return Workload("benchmarks.generator", tmp_path / "data")


@pytest.fixture
def run(data: Workload, tmp_path: Path):
    run = Run(data, tmp_path / "run", lambda _: None)
    yield run
    run.close()


def test_a_run_measures_every_side_and_reports_it(run: Run):
    found = run.measure(problems=1, marks=(1, 2), prior_marks=(1,))
    rows = sum(len(chunk) for chunk in run.data.chunks())
    assert found["data"]["rows"] == rows
    assert found["data"]["problems asked"] == 1
    assert set(found["ingest"]) == {"ours", "wire", "prior"}
    assert set(found["commit"]["ours"]) == {1, 2}
    for sides in found["problem"].values():
        assert set(sides) == set(SIDES)
    assert {verb for verb, asked in found["verbs"].items() if "all" not in asked} == {"DIFF IMPLEMENTATION"}
    assert set(found["compile"]) == {"compile", "prepare again"}
    assert all(times["median"] <= times["p99"] for times in found["compile"].values())
    stored = found["bytes"]
    assert all(stored[side][table] > 0 for side in ("ours", "prior") for table in TABLES)
    printed = io.StringIO()
    show(json.loads(json.dumps(found)), Console(file=printed, width=160))
    assert all(name in printed.getvalue() for name in SIDES.values())


def test_clusters_that_are_not_those_of_the_data_fail_the_run(run: Run):
    wrong = run.data.folder / "clusters.parquet"
    rows = pq.read_table(wrong)
    moved = rows.set_column(3, "cluster", pa.array([0] * len(rows)))
    pq.write_table(moved, wrong)
    with pytest.raises(WrongAnswer, match="clusters differ"):
        run.measure(problems=1, marks=(1,), prior_marks=(1,))


def test_the_truth_merges_what_behaves_alike_by_chance(data: Workload, tmp_path: Path):
    prior = PriorArt(tmp_path / "prior", 2)
    for chunk in data.chunks():
        prior.ingest("observations", prior.conform("observations", chunk))
    expected = clusters(prior.query(prior.sql(CLUSTER)))
    path = tmp_path / "split"
    rows = data.table("clusters")
    path.mkdir()
    pq.write_table(rows.set_column(3, "cluster", pa.array(range(len(rows)))), path / "clusters.parquet")
    assert truth(data, prior) == truth(replace(data, folder=path), prior) == expected
    assert len(expected) < len(rows)
    prior.close()


def test_rows_are_compared_in_any_order_and_a_changed_one_is_seen():
    rows = pa.table({"test_id": ["a", "b"], "step_id": [0, 0], "implementation_id": ["i", "i"], "output": ["1", "2"]})
    check_rows("same", rows.take([1, 0]), rows)
    with pytest.raises(WrongAnswer, match="2 rows differ"):
        check_rows("changed", rows.set_column(3, "output", pa.array(["1", "3"])), rows)
