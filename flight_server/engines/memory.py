"""The memory of the machine, of a process, and what statements may use of it."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from srcql.errors import ExecutionError

SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([KMGT]i?B?|%)", re.IGNORECASE)
POWERS = {letter: power for power, letter in enumerate("KMGT", start=1)}
PAGE = os.sysconf("SC_PAGE_SIZE")
TOTAL = "70%"
OF_TOTAL = 1 / 2  # that one statement may use
OF_STATEMENT = 3 / 4  # that DuckDB may use: above it DuckDB writes to disk, then fails with a message of its own


@dataclass(frozen=True)
class Bounds:
    """How many bytes one statement and all statements together may use."""

    statement: int
    total: int

    @property
    def duckdb(self) -> int:
        """How many bytes DuckDB may use in one process."""
        return int(self.statement * OF_STATEMENT)


def memory_bounds(total: str | None, statement: str | None) -> Bounds:
    """Return the bounds that these sizes set; by default shares of the memory of the machine or container."""
    machine = machine_memory()
    whole = parse_size(total or TOTAL, machine)
    return Bounds(parse_size(statement, machine) if statement else int(whole * OF_TOTAL), whole)


def parse_size(text: str, whole: int) -> int:
    """Return a size in bytes, as DuckDB reads it; a percentage is a share of `whole`.

    >>> parse_size("1.5 GB", 0), parse_size("2KiB", 0), parse_size("50%", 1000)
    (1500000000, 2048, 500)
    """
    match = SIZE.fullmatch(text)
    assert match is not None
    number, unit = float(match[1]), match[2].upper()
    if unit == "%":
        return int(whole * number / 100)
    return int(number * (1024 if "I" in unit else 1000) ** POWERS[unit[0]])


def machine_memory() -> int:
    """Return the bytes of memory that this machine, or the container that limits this process, has."""
    limits = [os.sysconf("SC_PHYS_PAGES") * PAGE]
    for path in _limit_files():
        with suppress(OSError, ValueError):  # "max" is no limit
            limits.append(int(path.read_text()))
    return min(limits)


def _limit_files() -> list[Path]:
    """Return the files that may limit the memory of this process: of its control groups, versions 2 and 1."""
    root, own = Path("/sys/fs/cgroup"), ""
    with suppress(OSError):
        groups = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
        own = next((path for number, _, path in groups if number == "0"), "")
    folder = root / own.lstrip("/")
    version_2 = [each / "memory.max" for each in (folder, *folder.parents) if each.is_relative_to(root)]
    return [*version_2, root / "memory" / "memory.limit_in_bytes"]


def used_memory(process: int) -> int:
    """Return the bytes that a process holds in memory besides files; 0 when it has ended."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{process}/statm").read_text().split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * PAGE


def too_much_memory(bytes_: int) -> ExecutionError:
    """Return the error of a statement that needed more memory than that."""
    return ExecutionError(
        f"the statement needed more than {readable_size(bytes_)} of memory",
        hint="select less data, or raise SRCQL_STATEMENT_MEMORY on the server",
    )


def readable_size(size: int) -> str:
    """Return a size in the unit that suits it.

    >>> readable_size(400_000_000)
    '400 MB'
    """
    power = max(index for index in range(5) if size >= 1000**index or not index)
    return f"{size / 1000**power:.3g} {('bytes', 'kB', 'MB', 'GB', 'TB')[power]}"
