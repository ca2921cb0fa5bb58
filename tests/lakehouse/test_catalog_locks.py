"""Another process holds a lock on the SQLite catalog: reads give up soon, commits wait."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from lakehouse.engine import Engine
from lakehouse.folder import catalog_file
from lakehouse.warehouse import open_warehouse
from srcql.errors import Unavailable
from tests.lakehouse.conftest import observations

ROWS = observations(("p", "i", "t", 0, "1"))
LOCKED = "another process holds a lock on the catalog"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold an exclusive lock on the catalog of a warehouse."""
    with sqlite3.connect(catalog_file(str(folder)), isolation_level=None) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")
    connection.close()


@pytest.mark.parametrize("text", ["SELECT 1", "SELECT count(*) FROM observations"])
def test_statements_of_many_clients_give_up_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr("lakehouse.catalog._READ_SECONDS", 0.1)
    with open_warehouse(tmp_path) as warehouse, Engine(warehouse) as engine, ThreadPoolExecutor(20) as clients:
        warehouse.ingest("observations", ROWS)
        with locked(tmp_path):
            for failed in [clients.submit(engine.query, text) for _ in range(20)]:
                with pytest.raises(Unavailable, match=LOCKED):
                    failed.result()
        assert engine.query(text).read_all().num_rows == 1


def test_batch_waits_for_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lakehouse.catalog._READ_SECONDS", 0.1)
    with open_warehouse(tmp_path) as warehouse, Engine(warehouse) as engine, ThreadPoolExecutor(1) as beside:
        with locked(tmp_path):
            receipt = beside.submit(warehouse.ingest, "observations", ROWS)
            with pytest.raises(Unavailable, match=LOCKED):
                engine.query("SELECT 1")
            assert not receipt.done()
        assert receipt.result().rows == 1
        assert engine.query("SELECT count(*) AS n FROM observations").read_all()["n"].to_pylist() == [1]


def test_lock_that_lasts_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for a load, and for the start of another process."""
    monkeypatch.setattr("lakehouse.catalog._WRITE_SECONDS", 0.1)

    def fails(action: object) -> None:
        with pytest.raises(Unavailable, match=LOCKED):
            action()  # type: ignore[operator]

    with open_warehouse(tmp_path) as warehouse, locked(tmp_path):
        fails(lambda: warehouse.ingest("observations", ROWS))
        fails(lambda: open_warehouse(tmp_path))
