"""A folder whose catalog is lost or damaged is rejected until it is restored."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from lakehouse import open_warehouse, remove_orphans, restore
from srcql.errors import StoreError
from tests.lakehouse.conftest import observations
from tests.lakehouse.repair.test_relocate import entries, ingest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A warehouse with three batches."""
    ingest(tmp_path / "w", "a", "b", "c")
    return tmp_path / "w"


def catalog(folder: Path) -> Path:
    return folder / "catalog" / "catalog.db"


def execute(folder: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(catalog(folder))) as database, database:
        database.execute(sql, values)


def metadata(folder: Path, number: int) -> Path:
    """The metadata of observations after that many commits."""
    (file,) = (folder / "catalog" / "observations").glob(f"{number:05}-*.metadata.json")
    return file


def replace_by_folder(folder: Path) -> None:
    catalog(folder).unlink()
    catalog(folder).mkdir()


def replace_by_other_database(folder: Path) -> None:
    catalog(folder).unlink()
    execute(folder, "CREATE TABLE notes (text)")


def replace_by_catalog_of_another_warehouse(folder: Path) -> None:
    open_warehouse(folder.with_name("other")).close()
    shutil.copy(catalog(folder.with_name("other")), catalog(folder))


def replace_by_an_older_one(folder: Path) -> None:
    path = str(metadata(folder, 1))
    execute(folder, "UPDATE iceberg_tables SET metadata_location = ? WHERE table_name = 'observations'", path)


LOST: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda folder: catalog(folder).unlink(), "holds rows, but its catalog .* is missing"),
    "empty": (lambda folder: catalog(folder).write_bytes(b""), "holds rows, but its catalog .* is empty"),
    "truncated": (lambda folder: os.truncate(catalog(folder), 5_000), "cannot be opened: .* malformed"),
    "a text": (lambda folder: catalog(folder).write_text("text"), "cannot be opened: file is not a database"),
    "a folder": (replace_by_folder, "expected the catalog file .*, found a folder"),
    "another database": (replace_by_other_database, "is an SQLite database, but no Iceberg catalog"),
    "without a table": (
        lambda folder: execute(folder, "DELETE FROM iceberg_tables WHERE table_name = 'observations'"),
        "holds rows, but its catalog has no table srcql.observations",
    ),
    "of another warehouse": (replace_by_catalog_of_another_warehouse, "belongs to another warehouse"),
    "older": (replace_by_an_older_one, "its catalog is older: it names version 1 of observations, not 3"),
}


@pytest.mark.parametrize("kind", LOST)
def test_a_lost_catalog_is_rejected_and_restored(folder: Path, kind: str) -> None:
    damage, message = LOST[kind]
    damage(folder)
    for create in (True, False):
        with pytest.raises(StoreError, match=message) as error:
            open_warehouse(folder, create=create)
        assert (error.value.hint or "").partition(";")[0] == f"run srcql restore {folder}"
    found = {table.table: table for table in restore(folder)}
    observed = found["observations"]
    assert (observed.rows, observed.metadata, observed.changed, observed.skipped) == (3, metadata(folder, 3), True, {})
    assert entries(folder) == ["a", "b", "c"]
    assert ingest(folder, "c", "d") == [True, False]
    assert not any(table.changed for table in restore(folder))


@pytest.mark.parametrize("lost", ["metadata", "data file"])
def test_an_incomplete_version_is_skipped_and_its_files_are_kept(folder: Path, lost: str) -> None:
    newest = metadata(folder, 3)
    data = max((folder / "data" / "observations").rglob("*.parquet"), key=lambda file: file.stat().st_mtime_ns)
    os.truncate(newest if lost == "metadata" else data, 0)
    observed = next(table for table in restore(folder) if table.table == "observations")
    assert (observed.rows, observed.metadata) == (2, metadata(folder, 2))
    assert list(observed.skipped) == [newest]
    assert ("is no complete metadata" if lost == "metadata" else f"{data} has 0 bytes") in observed.skipped[newest]
    assert ingest(folder, "b", "c") == [True, False]
    with open_warehouse(folder) as warehouse:
        with pytest.raises(StoreError, match="was skipped when the warehouse was restored"):
            remove_orphans([warehouse.table("observations")], older_than=timedelta(0))
        assert data.exists()
        newest.with_name(f"{newest.name}.skipped").unlink()
        assert remove_orphans([warehouse.table("observations")], older_than=timedelta(0)) > 0
    assert entries(folder) == ["a", "b", "c"]


def test_a_copy_without_its_catalog_is_restored_and_relocated(folder: Path) -> None:
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    catalog(copy).unlink()
    restore(copy)
    shutil.rmtree(folder)
    assert entries(copy) == ["a", "b", "c"]


def test_rows_without_metadata_are_named(folder: Path) -> None:
    shutil.rmtree(folder / "catalog")
    with pytest.raises(StoreError, match="holds rows, but its catalog"):
        open_warehouse(folder)
    with pytest.raises(StoreError) as error:
        restore(folder)
    assert str(error.value) == (
        "the table observations cannot be restored: it has no metadata\n"
        "  hint: import its rows into a new warehouse: "
        f"srcql import parquet {folder}/data/observations --table observations"
    )


def test_an_empty_folder_has_nothing_to_restore(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="contains no warehouse"):
        restore(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_creation_that_was_interrupted_continues(tmp_path: Path) -> None:
    open_warehouse(tmp_path / "w").close()
    execute(tmp_path / "w", "DELETE FROM iceberg_tables WHERE table_name = 'tests'")
    assert ingest(tmp_path / "w", "a") == [False]


def test_a_location_with_rows_gets_no_second_catalog(tmp_path: Path) -> None:
    properties = {"type": "sql", "uri": f"sqlite:///{tmp_path}/mine.db"}
    with open_warehouse(tmp_path / "w", catalog=properties) as warehouse:
        warehouse.ingest("observations", observations(("p", "i", "t", 0, "1")))
    (tmp_path / "mine.db").unlink()
    for other in (properties, None):
        with pytest.raises(StoreError, match="holds rows, but its catalog"):
            open_warehouse(tmp_path / "w", catalog=other)


def test_orphans_of_an_unknown_history_stay(folder: Path) -> None:
    """A table that an earlier version created over the files of a lost one."""
    files = list((folder / "data").rglob("*.parquet"))
    shutil.move(folder / "catalog", folder / "hidden")
    (folder / "data").rename(folder / "kept")
    with open_warehouse(folder) as warehouse:
        shutil.rmtree(folder / "data", ignore_errors=True)
        (folder / "kept").rename(folder / "data")
        shutil.copytree(folder / "hidden" / "observations", folder / "catalog" / "observations", dirs_exist_ok=True)
        metadata(folder, 3).unlink()
        metadata(folder, 2).unlink()
        with pytest.raises(StoreError, match="is of another table"):
            remove_orphans([warehouse.table("observations")], older_than=timedelta(0))
    assert all(file.exists() for file in files)
