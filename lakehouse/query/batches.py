"""The sizes of the batches of a result: by bytes, whatever the width of its rows."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

MAX_ROWS = 65_536
VECTOR_ROWS = 2_048  # what DuckDB computes at once
FEWEST_ROWS = 64
MAX_BYTES = 7 * 2**19  # 3.5 MiB, which the server sends in one message


def rows_to_read(schema: pa.Schema) -> int:
    """Return how many rows DuckDB converts at once: few where the width of a row is not known.

    >>> rows_to_read(pa.schema({"n": pa.int64()})), rows_to_read(pa.schema({"n": pa.int64(), "text": pa.string()}))
    (65536, 2048)
    """
    try:
        width: int = sum(kind.bit_width for kind in schema.types) // 8
    except ValueError:
        return VECTOR_ROWS
    return max(VECTOR_ROWS, min(MAX_ROWS, MAX_BYTES // max(width, 1)))


def joined(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of small batches in larger ones, of at most MAX_ROWS rows and MAX_BYTES; larger ones unchanged.

    >>> [len(batch) for batch in joined([pa.record_batch({"n": [1, 2]})] * 3)]
    [6]
    """
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        rows, size = rows + len(batch), size + batch.get_total_buffer_size()
        if waiting and (rows > MAX_ROWS or size > MAX_BYTES):
            yield _one(waiting)
            waiting, rows, size = [], len(batch), batch.get_total_buffer_size()
        waiting.append(batch)
    if waiting:
        yield _one(waiting)


def _one(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)
