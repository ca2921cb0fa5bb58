"""The status of a lakehouse: how much it holds, in process and over the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class DataSetStatus:
    """How much a lakehouse holds of one data set; `rows` counts observations and expected values."""

    data_set_id: str
    problems: int
    implementations: int
    runs: int
    rows: int


@dataclass(frozen=True)
class Status:
    """How much a lakehouse holds: its data sets, and the files, bytes and snapshots of its three tables."""

    data_sets: tuple[DataSetStatus, ...]
    files: int
    bytes: int
    snapshots: int

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Status":
        """Return the status that a decoded JSON object of the same fields holds."""
        data_sets = tuple(DataSetStatus(**data_set) for data_set in fields["data_sets"])
        return cls(data_sets, fields["files"], fields["bytes"], fields["snapshots"])
