"""Splits a batch into chunks, so that memory use does not grow with the batch."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

CHUNK_ROWS = 1_000_000
CHUNK_BYTES = 256 * 2**20


def chunks(data: pa.Table | pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Yield a batch in tables of at most CHUNK_ROWS rows and about CHUNK_BYTES."""
    pending: list[pa.RecordBatch] = []
    rows = size = 0
    for part in _slices(data.to_reader() if isinstance(data, pa.Table) else data):
        if pending and (rows + len(part) > CHUNK_ROWS or size + _bytes(part) > CHUNK_BYTES):
            yield pa.Table.from_batches(pending)
            pending, rows, size = [], 0, 0
        pending.append(part)
        rows, size = rows + len(part), size + _bytes(part)
    if pending:
        yield pa.Table.from_batches(pending)


def _slices(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        step = min(CHUNK_ROWS, max(1, len(batch) * CHUNK_BYTES // max(1, _bytes(batch))))
        for start in range(0, len(batch), step):
            yield batch.slice(start, step)


def _bytes(batch: pa.RecordBatch) -> int:
    """Return the size of a batch without its dictionaries, which many batches share."""
    return sum(map(_bytes_of, batch.columns))


def _bytes_of(column: pa.Array) -> int:
    if "union" in str(column.type):  # `nbytes` crashes on an empty one that was read from a stream, as of Arrow 26
        return int(column.get_total_buffer_size())
    return int(column.indices.nbytes if pa.types.is_dictionary(column.type) else column.nbytes)
