"""Files and folders of a commit are on disk before the catalog names them."""

import os
from pathlib import Path

import pytest
from pyiceberg.catalog.sql import SqlCatalog
from sqlalchemy import text

from lakehouse.warehouse import Warehouse, open_warehouse
from tests.lakehouse.conftest import observations

ROWS = observations(("p", "i", "t", 0, "1"))
EXTRA, OFF = 3, 0


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The paths that have been synced so far."""
    paths, sync = set[str](), os.fsync

    def fsync(descriptor: int) -> None:
        sync(descriptor)
        paths.add(os.readlink(f"/proc/self/fd/{descriptor}"))

    monkeypatch.setattr(os, "fsync", fsync)
    return paths


def written(location: Path) -> set[str]:
    """The folders and files of a warehouse, without those of SQLite, and the folder that it was created in."""
    return {
        str(path) for path in (*location.parents[:1], location, *location.rglob("*")) if "catalog.db" not in path.name
    }


def level(warehouse: Warehouse) -> int:
    """How the warehouse's connections to SQLite write to disk."""
    assert isinstance(warehouse.catalog, SqlCatalog)
    with warehouse.catalog.engine.connect() as connection:
        return int(connection.execute(text("PRAGMA synchronous")).scalar_one())


def test_all_files_and_folders_are_synced_before_the_catalog_names_them(
    tmp_path: Path, synced: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    unsynced, write = list[set[str]](), SqlCatalog._write_metadata

    def record(**arguments: object) -> None:
        write(**arguments)  # type: ignore[arg-type]
        unsynced.append(written(tmp_path / "new" / "warehouse") - synced)

    with open_warehouse(tmp_path / "new" / "warehouse") as warehouse:
        monkeypatch.setattr(SqlCatalog, "_write_metadata", staticmethod(record))
        warehouse.ingest("observations", ROWS)
        warehouse.ingest("observations", ROWS.append_column("more", [["1"]]), evolve=True)
        assert level(warehouse) == EXTRA
    assert unsynced == [set(), set(), set()]
    assert str(tmp_path) in synced


def test_files_in_another_catalog_are_synced(tmp_path: Path, synced: set[str]) -> None:
    catalog = {"type": "sql", "uri": f"sqlite:///{tmp_path}/any.db", "warehouse": f"file://{tmp_path}/files"}
    with open_warehouse(None, catalog=catalog) as warehouse:
        warehouse.ingest("observations", ROWS)
        assert level(warehouse) == EXTRA
    assert written(tmp_path / "files") - {str(tmp_path.parent)} <= synced


def test_a_relaxed_warehouse_syncs_nothing(tmp_path: Path, synced: set[str]) -> None:
    with open_warehouse(tmp_path, durable=False) as warehouse:
        warehouse.ingest("observations", ROWS)
        assert level(warehouse) == OFF
    assert not [path for path in synced if path.endswith((".parquet", ".avro", ".json"))]
