"""Damaged data files and metadata are errors that name the file; they never give other rows."""

import random
import uuid
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.engine import Engine
from lakehouse.verification import verify
from lakehouse.warehouse import Warehouse
from lakehouse.write import files
from srcql.errors import StoreError
from tests.lakehouse.conftest import observations
from tests.serving import served

FLIPS = 150
ALL = "SELECT * FROM observations ORDER BY ALL"


def rows(run: str) -> pa.Table:
    draw = random.Random(run)
    cells = [("p", f"i{at % 5}", f"t{at}", 0, str(draw.random())) for at in range(300)]
    return observations(*cells, run_id=run)


@pytest.fixture
def data(warehouse: Warehouse) -> Path:
    """A data file of the warehouse; another one has as many rows."""
    for run in ("a", "b"):
        warehouse.ingest("observations", rows(run))
    return data_file(warehouse)


def data_file(warehouse: Warehouse) -> Path:
    return min(Path(warehouse.data_locations[0]).glob("*.parquet"))


@pytest.fixture
def metadata(warehouse: Warehouse) -> Callable[[str], Path]:
    """Return the newest metadata file of observations that matches a pattern."""

    def newest(pattern: str) -> Path:
        folder = Path(warehouse.table("observations").location_provider().metadata_path)
        return max(folder.glob(pattern), key=lambda path: path.stat().st_mtime_ns)

    return newest


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def failure(engine: Engine, text: str = ALL) -> str:
    with pytest.raises(StoreError) as failed:
        engine.query(text).read_all()
    return failed.value.message


def test_every_flipped_bit_is_found_when_the_file_is_read(engine: Engine, data: Path) -> None:
    content, right = data.read_bytes(), engine.query(ALL).read_all()
    for bit in random.Random(1).sample(range(len(content) * 8), FLIPS):
        data.write_bytes(flipped(content, bit))
        assert failure(engine).startswith(f"data file {data} is damaged: expected checksum ")
    data.write_bytes(content)
    assert engine.query(ALL).read_all() == right


def test_every_flipped_bit_is_found_by_verification(warehouse: Warehouse, data: Path) -> None:
    content = data.read_bytes()
    assert verify(warehouse).damage == ()
    for bit in random.Random(2).sample(range(len(content) * 8), 20):
        data.write_bytes(flipped(content, bit))
        (line,) = verify(warehouse).damage
        assert line.startswith(f"data file {data} is damaged: ")


def test_pages_have_checksums_that_other_readers_verify(data: Path) -> None:
    content = data.read_bytes()
    page = pq.read_metadata(data).row_group(0).column(11)
    data.write_bytes(flipped(content, (page.data_page_offset + page.total_compressed_size // 2) * 8))
    with pytest.raises(OSError, match="CRC checksum verification failed"):
        pq.read_table(data, page_checksum_verification=True)


@pytest.mark.parametrize("verb", ["SLICE", "MATRIX", "CLUSTER", "ORACLE"])
def test_verbs_and_names_do_not_read_a_damaged_file(engine: Engine, data: Path, verb: str) -> None:
    data.write_bytes(flipped(data.read_bytes(), 1000))
    assert "is damaged" in failure(engine, f"{verb} FROM D.p")


def test_truncated_extended_exchanged_and_missing_files(engine: Engine, data: Path) -> None:
    content, other = data.read_bytes(), max(data.parent.iterdir())
    right = engine.query(ALL).read_all()
    for changed, expected in (
        (content[:-1], f"expected bytes {len(content):,}, found {len(content) - 1:,}"),
        (b"", f"expected bytes {len(content):,}, found 0"),
        (content + b"x", f"expected bytes {len(content):,}, found {len(content) + 1:,}"),
        (content[:100] + bytes(len(content) - 100), "expected checksum"),
        (other.read_bytes(), "expected"),
    ):
        data.write_bytes(changed)
        assert failure(engine).startswith(f"data file {data} is damaged: {expected}")
    data.unlink()
    assert failure(engine) == f"data file {data} is missing"
    data.write_bytes(content)
    assert engine.query(ALL).read_all() == right


def test_files_without_a_checksum_in_their_names(
    warehouse: Warehouse, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "new_file_name", lambda _: f"{uuid.uuid4()}.parquet")
    warehouse.ingest("observations", rows("a"))
    data = data_file(warehouse)
    content = data.read_bytes()
    assert len(engine.query(ALL).read_all()) == 300
    assert verify(warehouse).damage == ()
    data.write_bytes(content[:-4] + b"PAR?")
    assert failure(engine) == f"data file {data} is damaged: its footer cannot be read"
    page = pq.read_metadata(pa.py_buffer(content)).row_group(0).column(11).data_page_offset
    data.write_bytes(flipped(content, 8 * page + 800))
    assert verify(warehouse).damage == (f"data file {data} is damaged: its pages cannot be read",)
    data.write_bytes(content[: page + 30] + bytes(100) + content[page + 130 :])
    assert data.name in failure(engine)
    assert verify(warehouse).files == 1


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("pattern", ["snap-*.avro", "*-m0.avro"])
def test_damaged_and_missing_metadata(warehouse: Warehouse, metadata: Callable[[str], Path], pattern: str) -> None:
    path = metadata(pattern)
    content = path.read_bytes()
    for changed in (b"", content[: len(content) // 2], b"x" * len(content)):
        path.write_bytes(changed)
        with Engine(warehouse) as engine:
            assert failure(engine).startswith(f"metadata file {path} is damaged: ")
        assert any(f"metadata file {path} is damaged" in line for line in verify(warehouse).damage)
    path.unlink()
    with Engine(warehouse) as engine:
        assert failure(engine) == f"metadata file {path} is missing"
    assert f"metadata file {path} is missing" in verify(warehouse).damage


def test_a_missing_manifest_list_of_a_kept_snapshot_is_no_expired_snapshot(
    warehouse: Warehouse, engine: Engine
) -> None:
    for run in ("a", "b"):
        warehouse.ingest("observations", rows(run))
    (first, *_) = warehouse.table("observations").metadata.snapshots
    Path(first.manifest_list).unlink()
    assert failure(engine, f"FROM observations AT (VERSION => {first.snapshot_id})") == (
        f"metadata file {first.manifest_list} is missing"
    )
    assert len(engine.query(ALL).read_all()) == 600


def test_a_client_receives_a_storage_error(tmp_path: Path) -> None:
    with served(tmp_path / "served") as connection:
        connection.ingest("observations", rows("a"))
        (path,) = (tmp_path / "served" / "data" / "observations").glob("*.parquet")
        for changed in (path.read_bytes()[:-9], flipped(path.read_bytes(), 1000)):
            path.write_bytes(changed)
            with pytest.raises(StoreError, match=f"data file {path} is damaged"):
                connection.query(ALL)


def test_a_damaged_source_gives_no_hashes(warehouse: Warehouse) -> None:
    source = {"data_set_id": ["D"], "problem_id": ["p"], "implementation_id": ["i0"], "code_hash": ["h"]}
    warehouse.ingest("code_implementations", pa.table(source))
    (path,) = Path(warehouse.data_locations[2]).glob("*.parquet")
    path.write_bytes(flipped(path.read_bytes(), 400))
    with pytest.raises(StoreError, match="is damaged: expected checksum"):
        warehouse.ingest("observations", rows("a"))
