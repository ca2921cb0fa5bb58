"""The receipt of a batch: what the store returns for it, in process and over the wire."""

from dataclasses import dataclass

NO_SNAPSHOT = -1


@dataclass(frozen=True)
class Receipt:
    """The result of one ingest; for a repeated batch id, the result of its first ingest.

    For an empty batch `snapshot_id` is the current snapshot of the table, or `NO_SNAPSHOT` before the first commit.
    """

    table: str
    rows: int
    snapshot_id: int
    batch_id: str
    repeated: bool

    @property
    def added(self) -> int:
        """The number of rows that this call added: 0 for a repeated batch id.

        >>> Receipt("observations", 12, 1, "import-7", repeated=True).added
        0
        """
        return 0 if self.repeated else self.rows
