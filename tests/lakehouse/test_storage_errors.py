"""A full, limited or read-only disk is an error that names the folder and what to do; nothing is lost."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lakehouse.engine import Engine
from lakehouse.warehouse import Warehouse, open_warehouse
from srcql.errors import StoreError
from tests.lakehouse.conftest import observations
from tests.serving import served

SMALL = observations(("p", "i", "t", 0, "1"))
AGAIN = "then send the batch again: nothing of it was added"


def large(rows: int = 4_000) -> pa.Table:
    """Rows that compress to 200 bytes each."""
    texts = np.random.default_rng(1).bytes(rows * 200).hex()
    return observations(*(("p", "i", f"t{at}", 0, texts[at * 400 : at * 400 + 400]) for at in range(rows)))


@contextmanager
def limited_files(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with 2 MB of space."""
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", tmp_path], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a file system cannot be mounted here: {error}")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def failure(warehouse: Warehouse, rows: pa.Table) -> tuple[str, str | None]:
    with pytest.raises(StoreError) as failed:
        warehouse.ingest("observations", rows, batch_id="b")
    return failed.value.message, failed.value.hint


def count(warehouse: Warehouse) -> int:
    with Engine(warehouse) as engine:
        return int(engine.query("SELECT count(*) AS n FROM observations").read_all()["n"][0].as_py())


def files(warehouse: Warehouse) -> int:
    return len(list(Path(warehouse.data_locations[0]).iterdir()))


def test_a_data_file_that_cannot_be_written(warehouse: Warehouse) -> None:
    warehouse.ingest("observations", SMALL)
    with limited_files(100_000):
        message, hint = failure(warehouse, large())
    folder = f"{warehouse.location}/data/observations"
    assert message == f"the batch cannot be written to {folder}: file too large"
    assert hint == f"raise the limit on the size of files, as with ulimit -f; {AGAIN}"
    assert (count(warehouse), files(warehouse)) == (1, 1)
    assert not warehouse.ingest("observations", large(), batch_id="b").repeated
    assert count(warehouse) == 4_001


def test_metadata_that_cannot_be_written(warehouse: Warehouse) -> None:
    warehouse.ingest("observations", SMALL)
    one = SMALL.set_column(SMALL.column_names.index("run_id"), "run_id", [["r2"]])
    data = next(Path(warehouse.data_locations[0]).iterdir()).stat().st_size
    with limited_files(data + 500):  # a metadata file is larger than this data file
        message, hint = failure(warehouse, one)
    assert message == "the batch cannot be committed to observations: file too large"
    assert hint == f"raise the limit on the size of files, as with ulimit -f; {AGAIN}"
    assert (count(warehouse), files(warehouse)) == (1, 1)
    assert not warehouse.ingest("observations", one, batch_id="b").repeated


def test_a_full_disk(small_disk: Path) -> None:
    with served(small_disk / "w") as connection:
        connection.ingest("observations", SMALL)
        with pytest.raises(StoreError) as failed:
            connection.ingest("observations", large(16_000), batch_id="b")
        assert f"the batch cannot be written to {small_disk}/w/data/observations: no space left" in str(failed.value)
        assert f"hint: free space on the disk, or use another place; {AGAIN}" in str(failed.value)
        assert connection.query("SELECT count(*) AS n FROM observations").to_pylist() == [{"n": 1}]
        (small_disk / "full").write_bytes(bytes(1_000_000))
        for at in range(100):
            try:
                connection.ingest("observations", large(200), batch_id=f"b{at}")
            except StoreError as error:
                assert "free space on the disk" in str(error)  # noqa: PT017
                break
        (small_disk / "full").unlink()
        connection.ingest("observations", large(200), batch_id=f"b{at}")
        rows = connection.query("SELECT count(*) AS n FROM observations").to_pylist()
        assert rows == [{"n": 1 + 200 * (at + 1)}]


def test_a_read_only_disk(small_disk: Path) -> None:
    remount = ["mount", "-o", "remount,ro", str(small_disk)]
    with open_warehouse(small_disk / "w") as warehouse:
        warehouse.ingest("observations", SMALL)
    subprocess.run(remount, check=True)
    with open_warehouse(small_disk / "w") as warehouse:
        assert count(warehouse) == 1
        message, hint = failure(warehouse, SMALL)
        assert message == f"the batch cannot be written to {small_disk}/w/data/observations: read-only file system"
        assert hint == f"mount the file system writable, or use another place; {AGAIN}"
    with pytest.raises(StoreError) as failed:
        open_warehouse(small_disk / "new")
    assert failed.value.message == f"a warehouse in {small_disk}/new cannot be created: read-only file system"
    assert failed.value.hint == "mount the file system writable, or use another place"
