"""A copied or moved folder is rejected until it is relocated; then it is independent of the original."""

import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from flight_server.server import Server
from flight_server.settings import Settings
from lakehouse import Engine, Retention, open_warehouse, relocate, remove_orphans
from lakehouse.repair import relocate as module
from srcql.errors import StoreError
from tests.lakehouse.conftest import observations

NONE = timedelta(0)
SHORT = Retention(max_recent=2, keep_hourly_for=NONE, keep_daily_for=NONE, expire_at_least=3)


def ingest(folder: Path, *names: str, retention: Retention | None = None) -> list[bool]:
    """Add a batch of one row for each name, and return which of them the warehouse already held."""
    with open_warehouse(folder, retention=retention) as warehouse:
        return [
            warehouse.ingest("observations", observations(("p", name, "t", 0, "1")), batch_id=name).repeated
            for name in names
        ]


def entries(folder: Path, at: str = "") -> list[str]:
    """Return the names of the batches in a warehouse."""
    with open_warehouse(folder, create=False) as warehouse, Engine(warehouse) as engine:
        text = f"SELECT implementation_id FROM observations {at} ORDER BY ALL"
        return engine.query(text).read_all()["implementation_id"].to_pylist()


def snapshots(folder: Path) -> list[int]:
    with open_warehouse(folder, create=False) as warehouse:
        return [snapshot.snapshot_id for snapshot in warehouse.table("observations").metadata.snapshots]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of a warehouse with two batches."""
    ingest(tmp_path / "original", "a", "b")
    shutil.copytree(tmp_path / "original", tmp_path / "copy")
    return tmp_path / "copy"


def open_with(create: bool) -> Callable[[Path], object]:
    return lambda folder: open_warehouse(folder, create=create)


DOORS: dict[str, Callable[[Path], object]] = {
    "create": open_with(True),
    "read": open_with(False),
    "serve": lambda folder: Server(Settings(warehouse=str(folder))),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_copy_is_rejected(copied: Path, door: str) -> None:
    with pytest.raises(StoreError) as error:
        DOORS[door](copied)
    original = copied.with_name("original")
    assert str(error.value) == (
        f"the warehouse {copied} is a copy of {original}: its metadata names files there\n"
        f"  hint: run srcql relocate {copied}"
    )
    assert ingest(original, "a") == [True]


def test_a_moved_folder_is_rejected(tmp_path: Path) -> None:
    ingest(tmp_path / "before", "a")
    (tmp_path / "before").rename(tmp_path / "after wards")
    with pytest.raises(StoreError, match="was moved from") as error:
        open_warehouse(tmp_path / "after wards")
    assert error.value.hint == f"run srcql relocate '{tmp_path}/after wards'"
    relocate(tmp_path / "after wards")
    assert entries(tmp_path / "after wards") == ["a"]


def test_a_relocated_copy_keeps_snapshots_and_batch_ids(copied: Path) -> None:
    done = relocate(copied)
    assert (done.location, done.origin, done.snapshots) == (str(copied), str(copied.with_name("original")), 2)
    shutil.rmtree(copied.with_name("original"))
    first, last = snapshots(copied)
    assert (entries(copied, f"AT (VERSION => {first})"), entries(copied, f"AT (VERSION => {last})")) == (
        ["a"],
        ["a", "b"],
    )
    assert ingest(copied, "a", "b", "c") == [True, True, False]
    assert relocate(copied).origin is None


def test_original_and_copy_are_independent(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    before = [f"before {number}" for number in range(8)]
    ingest(original, *before, retention=SHORT)
    shutil.copytree(original, copy)
    relocate(copy)
    for folder in (copy, original):
        ingest(folder, *(f"{folder.name} {number:02}" for number in range(26)), retention=SHORT)
        with open_warehouse(folder) as warehouse:
            remove_orphans([warehouse.table(name) for name in warehouse.tables], older_than=NONE)
    for folder in (original, copy):
        assert entries(folder) == sorted([*before, *(f"{folder.name} {number:02}" for number in range(26))])
        assert ingest(folder, *before) == [True] * 8
        for snapshot in snapshots(folder)[:-1]:
            assert len(entries(folder, f"AT (VERSION => {snapshot})")) < 34


def test_an_interrupted_relocation_is_repeated(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, "_replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            relocate(copied)
    with pytest.raises(StoreError, match="run srcql relocate"):
        open_warehouse(copied)
    relocate(copied)
    assert ingest(copied, "a", "c") == [True, False]
    assert entries(copied.with_name("original")) == ["a", "b"]


def test_an_incomplete_copy_is_not_relocated(copied: Path) -> None:
    data = next((copied / "data").rglob("*.parquet"))
    data.unlink()
    with pytest.raises(StoreError, match=f"{data} cannot be read: no such file"):
        relocate(copied)
    with pytest.raises(StoreError, match="run srcql relocate"):
        open_warehouse(copied)


def test_links_to_the_folder_are_the_same_place(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    os.symlink(tmp_path / "disk", tmp_path / "link")
    ingest(tmp_path / "link" / "w", "a")
    assert entries(tmp_path / "disk" / "w") == ["a"]
    assert relocate(tmp_path / "disk" / "w").origin is None
    os.unlink(tmp_path / "link")
    with pytest.raises(StoreError, match="was moved from"):
        open_warehouse(tmp_path / "disk" / "w")


def test_the_tables_of_another_catalog_are_at_their_location(tmp_path: Path) -> None:
    properties = {"type": "sql", "uri": f"sqlite:///{tmp_path}/mine.db"}
    open_warehouse(tmp_path / "here", catalog=properties).close()
    with pytest.raises(StoreError) as error:
        open_warehouse(tmp_path / "there", catalog=properties)
    assert error.value.message == f"the tables of the catalog are in {tmp_path}/here, not in {tmp_path}/there"
