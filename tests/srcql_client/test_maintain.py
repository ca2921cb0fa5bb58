"""`srcql maintain` removes orphan files, and verifies all files."""

import os
from collections.abc import Callable
from pathlib import Path

import srcql_client

from .rows import observations
from .shell import Ended


def test_verification_names_damaged_files_and_changes_nothing(srcql: Callable[..., Ended], tmp_path: Path) -> None:
    with srcql_client.connect(tmp_path / "w") as lakehouse:
        lakehouse.ingest("observations", observations())
    (data,) = (tmp_path / "w" / "data" / "observations").iterdir()
    content = data.read_bytes()
    size = f"1 data file, 4 rows, {len(content) / 1e6:.2f} MB"
    sound = srcql("maintain", "--verify", "--warehouse", tmp_path / "w")
    assert (sound.stdout, sound.stderr, sound.returncode) == (f"{size}: no damage\n", "", 0)
    data.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])
    found = srcql("maintain", "--verify", SRCQL_WAREHOUSE=str(tmp_path / "w"))
    first, last = found.stdout.splitlines()
    assert first.startswith(f"data file {data} is damaged: expected checksum ")
    assert (last, found.stderr, found.returncode) == (f"{size}: 1 damaged or missing", "", 1)
    query = srcql("query", "SELECT count(output) FROM observations", "--warehouse", tmp_path / "w")
    assert (query.stderr.splitlines()[0], query.returncode) == (first, 1)


def test_files_of_killed_writers_are_removed(srcql: Callable[..., Ended], tmp_path: Path) -> None:
    with srcql_client.connect(tmp_path / "w") as lakehouse:
        lakehouse.ingest("observations", observations())
    old, young = (tmp_path / "w" / "data" / "observations" / name for name in ("old.parquet", "young.parquet"))
    for path in (old, young):
        path.touch()
    os.utime(old, (0, 0))
    ended = srcql("maintain", "--warehouse", tmp_path / "w")
    assert (ended.stdout, ended.stderr, ended.returncode) == ("removed 1 orphan file\n", "", 0)
    assert (old.exists(), young.exists()) == (False, True)


def test_a_folder_without_a_warehouse_stays_empty(srcql: Callable[..., Ended], tmp_path: Path) -> None:
    for options in ((), ("--verify",)):
        ended = srcql("maintain", "--warehouse", tmp_path / "typo", *options)
        assert ended.stderr.startswith(f"{tmp_path}/typo contains no warehouse\n")
        assert ended.returncode == 1
    assert not (tmp_path / "typo").exists()
    assert srcql("maintain").returncode == 2
