"""A power cut takes nothing back that was acknowledged.

The warehouse lies on a real file system, ext4 in a file. It is shut down without writing what is in memory. This needs
root and a loop device. SRCQL_POWER_CUTS=50 makes 50 cuts instead of 2.
"""

import fcntl
import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import srcql_client
from srcql.errors import SrcqlError
from tests.test_crashes import ROWS, kept, process, send

CUTS = int(os.environ.get("SRCQL_POWER_CUTS", "2"))
WRITERS = 4
EXT4_IOC_SHUTDOWN = 0x8004587D
WITHOUT_FLUSH = (2).to_bytes(4, "little")
DRAW = random.Random(7)


class Disk:
    """An ext4 file system in a file, mounted on a folder."""

    def __init__(self, folder: Path) -> None:
        self.image, self.mounted = folder / "disk.img", folder / "disk"
        self.mounted.mkdir()
        self.image.touch()
        os.truncate(self.image, 256 * 2**20)
        subprocess.run(["mkfs.ext4", "-q", self.image], check=True)
        self.mount()

    def mount(self) -> None:
        subprocess.run(["mount", "-o", "loop", self.image, self.mounted], check=True, capture_output=True)

    def unmount(self) -> None:
        subprocess.run(["umount", self.mounted], check=True, capture_output=True)

    def cut_power(self) -> None:
        folder = os.open(self.mounted, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, WITHOUT_FLUSH)
        finally:
            os.close(folder)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    try:
        disk = Disk(tmp_path)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a file system cannot be mounted here: {error}")
    yield disk
    disk.unmount()


def write(uri: str, numbers: Iterator[int], acknowledged: set[int]) -> None:
    """Send batches until the server is gone."""
    with suppress(SrcqlError), srcql_client.connect(uri) as connection:
        for number in numbers:
            send(connection, number)
            acknowledged.add(number)


def write_until_cut(disk: Disk, warehouse: str, first: int) -> tuple[set[int], int]:
    """Cut the power under several writers; return the acknowledged numbers, and a number above all that were sent."""
    acknowledged = set[int]()
    with process(warehouse, "flight_server") as (_, uri):
        numbers = [iter(range(first + at, first + 100_000, WRITERS)) for at in range(WRITERS)]
        writers = [threading.Thread(target=write, args=(uri, each, acknowledged)) for each in numbers]
        for writer in writers:
            writer.start()
        enough = DRAW.randint(0, 8)
        while len(acknowledged) < enough:
            time.sleep(0.001)
        time.sleep(DRAW.uniform(0, 0.1))
        disk.cut_power()
        safe = set(acknowledged)
    for writer in writers:
        writer.join()
    return safe, max(next(each) for each in numbers)


def test_a_power_cut_loses_nothing_that_was_acknowledged(disk: Disk) -> None:
    warehouse, expected, following = str(disk.mounted / "warehouse"), set[int](), 0
    for cut in range(CUTS):
        acknowledged, following = write_until_cut(disk, warehouse, following)
        expected |= acknowledged
        disk.unmount()
        disk.mount()
        with srcql_client.connect(warehouse) as connection:
            send(connection, following)
            expected |= {following}
            found = kept(connection)
            assert set(found.values()) == {ROWS}
            assert {f"batch-{number:04}" for number in expected} <= found.keys()
            assert all(send(connection, int(name.partition("-")[2])) for name in found)
        following += 1
        print(
            f"\ncut {cut + 1}: {len(acknowledged)} acknowledged, {len(expected)} expected, {len(found)} found", end=""
        )


def test_a_relaxed_warehouse_loses_its_last_batches(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the setting gives up; and the cut of these tests loses what was not synced."""
    monkeypatch.setenv("SRCQL_DURABLE", "false")
    warehouse = disk.mounted / "warehouse"
    with process(str(warehouse), "flight_server") as (_, uri):
        with srcql_client.connect(uri) as connection:
            assert not send(connection, 0)
        disk.cut_power()
    disk.unmount()
    disk.mount()
    assert not [path for path in warehouse.rglob("*.parquet") if path.stat().st_size]
