"""Batches are added as a whole or not at all, once, and several in one snapshot."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.exceptions import CommitFailedException

from lakehouse.ledger import BATCHES
from lakehouse.warehouse import Warehouse, open_warehouse
from lakehouse.write import committer
from srcql.errors import InvalidData, StoreError, Unavailable, UnknownName
from srcql.receipt import Receipt
from tests.lakehouse.conftest import observations

ROWS = observations(("p", "i", "t", 0, "1"), ("p", "i", "t", 1, "2"))


def outputs(warehouse: Warehouse) -> list[str]:
    return sorted(warehouse.table("observations").scan().to_arrow()["output"].to_pylist())


def data_files(warehouse: Warehouse) -> int:
    return len([path for folder in warehouse.data_locations for path in Path(folder).rglob("*.parquet")])


def test_receipt_of_a_batch(warehouse: Warehouse) -> None:
    receipt = warehouse.ingest("observations", ROWS, batch_id="b")
    snapshot = warehouse.table("observations").current_snapshot()
    assert snapshot is not None
    assert receipt == Receipt("observations", 2, snapshot.snapshot_id, "b", repeated=False)


def test_batches_with_new_ids_are_all_added(warehouse: Warehouse) -> None:
    first, second = (warehouse.ingest("observations", ROWS, batch_id=None) for _ in range(2))
    assert first.batch_id != second.batch_id
    assert outputs(warehouse) == ["1", "1", "2", "2"]


def test_repeated_id_adds_no_rows(warehouse: Warehouse) -> None:
    first = warehouse.ingest("observations", ROWS, batch_id="b")
    warehouse.ingest("observations", observations(("q", "i", "t", 0, "3")), batch_id="c")
    again = warehouse.ingest("observations", observations(("p", "i", "t", 7, "7")), batch_id="b")
    assert again == Receipt("observations", 2, first.snapshot_id, "b", repeated=True)
    assert outputs(warehouse) == ["1", "2", "3"]
    assert data_files(warehouse) == 2


def test_an_id_belongs_to_one_table(warehouse: Warehouse) -> None:
    warehouse.ingest("observations", ROWS, batch_id="b")
    tests = ROWS.slice(0, 1).select(["data_set_id", "problem_id", "test_id"])
    assert not warehouse.ingest("tests", tests, batch_id="b").repeated


def test_ids_are_known_after_a_restart(tmp_path: Path) -> None:
    with open_warehouse(tmp_path) as warehouse:
        first = warehouse.ingest("observations", ROWS, batch_id="b")
    with open_warehouse(tmp_path) as warehouse:
        again = warehouse.ingest("observations", ROWS, batch_id="b")
        assert (again.snapshot_id, again.repeated) == (first.snapshot_id, True)
        assert outputs(warehouse) == ["1", "2"]


@pytest.mark.parametrize("batch_id", ["", "\ud800", "x" * 1001])
def test_rejects_invalid_ids(warehouse: Warehouse, batch_id: str) -> None:
    with pytest.raises(InvalidData) as error:
        warehouse.ingest("observations", ROWS, batch_id=batch_id)
    assert str(error.value) == (
        f"batch_id: expected text of 1 to 1,000 bytes, found {batch_id[:20]!r}\n"
        "  hint: use a UUID, or a name derived from the rows"
    )


def test_unknown_table_suggests_a_known_one(warehouse: Warehouse) -> None:
    with pytest.raises(UnknownName) as error:
        warehouse.ingest("observation", ROWS)
    assert str(error.value) == "unknown table observation\n  hint: did you mean observations?"


def held_back(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event, list[int]]:
    """Block the first commit, so that later batches wait in the queue."""
    began, go_on, sizes = threading.Event(), threading.Event(), list[int]()
    append = committer.append

    def waiting(table: Any, files: Any, batches: dict[str, int]) -> int:
        sizes.append(len(batches))
        began.set()
        assert go_on.wait(30)
        return append(table, files, batches)

    monkeypatch.setattr(committer, "append", waiting)
    return began, go_on, sizes


def enqueued(warehouse: Warehouse, count: int) -> None:
    waiting = threading.Event()
    while warehouse._committer._waiting.qsize() < count:
        waiting.wait(0.01)


def test_waiting_batches_become_one_snapshot(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    began, go_on, sizes = held_back(monkeypatch)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(warehouse.ingest, "observations", ROWS, "first")
        assert began.wait(30)
        others = [pool.submit(warehouse.ingest, "observations", ROWS, f"b{at}") for at in range(8)]
        enqueued(warehouse, 8)
        assert not first.done()
        go_on.set()
        snapshots = {other.result().snapshot_id for other in others}
    assert sizes == [1, 8]
    assert len(snapshots) == 1
    assert len(outputs(warehouse)) == 18
    current = warehouse.table("observations").current_snapshot()
    assert current is not None
    assert current.summary is not None
    assert json.loads(current.summary[BATCHES]) == {f"b{at}": 2 for at in range(8)}


def test_second_waiting_batch_with_one_id_is_a_repeat(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    began, go_on, _ = held_back(monkeypatch)
    with ThreadPoolExecutor(3) as pool:
        pool.submit(warehouse.ingest, "observations", ROWS, "first")
        assert began.wait(30)
        twins = [pool.submit(warehouse.ingest, "observations", ROWS, "twin") for _ in range(2)]
        enqueued(warehouse, 2)
        go_on.set()
        receipts = [twin.result() for twin in twins]
    assert sorted(receipt.repeated for receipt in receipts) == [False, True]
    assert len({(receipt.rows, receipt.snapshot_id) for receipt in receipts}) == 1
    assert len(outputs(warehouse)) == 4
    assert data_files(warehouse) == 2


def test_commit_is_retried_after_another_writer(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    append, lost = committer.append, []

    def beaten(table: Any, files: Any, batches: dict[str, int]) -> int:
        if len(lost) < 3:
            lost.append(table)
            with open_warehouse(warehouse.location) as other:
                monkeypatch.setattr(committer, "append", append)
                other.ingest("observations", observations(("q", "i", "t", len(lost), "9")))
                monkeypatch.setattr(committer, "append", beaten)
        return append(table, files, batches)

    monkeypatch.setattr(committer, "append", beaten)
    receipt = warehouse.ingest("observations", ROWS, batch_id="b")
    assert (receipt.rows, receipt.repeated) == (2, False)
    assert outputs(warehouse) == ["1", "2", "9", "9", "9"]


def test_same_id_from_another_process_is_found_at_the_commit(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = committer.append

    def beaten(table: Any, files: Any, batches: dict[str, int]) -> int:
        monkeypatch.setattr(committer, "append", append)
        with open_warehouse(warehouse.location) as other:
            other.ingest("observations", ROWS, batch_id="b")
        return append(table, files, batches)

    monkeypatch.setattr(committer, "append", beaten)
    assert warehouse.ingest("observations", ROWS, batch_id="b").repeated
    assert outputs(warehouse) == ["1", "2"]
    assert data_files(warehouse) == 1


def test_commit_gives_up_after_many_lost_races(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def beaten(*_: Any) -> int:
        raise CommitFailedException

    monkeypatch.setattr(committer, "append", beaten)
    monkeypatch.setattr(committer, "_MAX_PAUSE", 0)
    with pytest.raises(Unavailable, match="observations: 200 commits lost to other writers"):
        warehouse.ingest("observations", ROWS)
    assert data_files(warehouse) == 0


def test_failing_catalog_raises_in_every_waiting_caller(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    append = committer.append

    def broken(*_: Any) -> int:
        raise OSError("disk full")

    monkeypatch.setattr(committer, "append", broken)
    with pytest.raises(StoreError) as error:
        warehouse.ingest("observations", ROWS, batch_id="b")
    assert str(error.value) == (
        "the batch may not have been committed: disk full\n"
        "  hint: send the batch again with the same batch_id: it is added at most once"
    )
    monkeypatch.setattr(committer, "append", append)
    assert not warehouse.ingest("observations", ROWS, batch_id="b").repeated
    assert outputs(warehouse) == ["1", "2"]


def test_retry_finds_a_commit_whose_response_was_lost(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    append = committer.append

    def cut_off(*arguments: Any) -> int:
        append(*arguments)
        raise ConnectionError("no answer")

    monkeypatch.setattr(committer, "append", cut_off)
    with pytest.raises(StoreError, match="the batch may not have been committed: no answer"):
        warehouse.ingest("observations", ROWS, batch_id="b")
    assert warehouse.ingest("observations", ROWS, batch_id="b").repeated
    assert outputs(warehouse) == ["1", "2"]


def test_closed_warehouse_rejects_batches(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path)
    warehouse.close()
    with pytest.raises(StoreError, match="the warehouse is closed"):
        warehouse.ingest("observations", ROWS)
    assert data_files(warehouse) == 0


RACER = """
import sys
from lakehouse.warehouse import open_warehouse
from tests.lakehouse.write.test_committer import ROWS
with open_warehouse(sys.argv[1]) as warehouse:
    for line in sys.stdin:
        receipt = warehouse.ingest("observations", ROWS, batch_id=line.strip())
        print(receipt.rows, receipt.snapshot_id, receipt.repeated, flush=True)
"""


def test_two_processes_with_one_id(tmp_path: Path) -> None:
    """Both processes create the warehouse, then send the same ids at the same time."""
    command = [sys.executable, "-c", RACER, str(tmp_path / "new")]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as one, subprocess.Popen(command, **pipes) as two:
        for at in range(10):
            for racer in (one, two):
                assert racer.stdin
                racer.stdin.write(f"b{at}\n")
                racer.stdin.flush()
            answers = [racer.stdout.readline().split() for racer in (one, two) if racer.stdout]
            assert answers[0][:2] == answers[1][:2]
            assert sorted(answer[2] for answer in answers) == ["False", "True"]
        one.communicate()
        two.communicate()
    with open_warehouse(tmp_path / "new", create=False) as warehouse:
        assert outputs(warehouse) == ["1"] * 10 + ["2"] * 10
        assert data_files(warehouse) == 10
