"""Rows on their way to a client: under a watch, in batches that every client can receive."""

from collections.abc import Iterator

import pyarrow as pa

from flight_server.watchdog import Watch
from lakehouse.engine import Result

BATCH_BYTES = 7 * 2**19  # 3.5 MiB: the smallest limit that clients are known to have is 4 MiB


def slices(batch: pa.RecordBatch, limit: int = BATCH_BYTES) -> Iterator[pa.RecordBatch]:
    """The batch in parts of at most `limit` bytes; a row that is larger passes alone.

    >>> [part.num_rows for part in slices(pa.record_batch({"a": pa.array(range(5), pa.int64())}), 16)]
    [2, 1, 2]
    """
    if batch.nbytes <= limit or batch.num_rows <= 1:
        yield batch
        return
    middle = batch.num_rows // 2
    yield from slices(batch.slice(0, middle), limit)
    yield from slices(batch.slice(middle), limit)


def watched(result: Result, watch: Watch) -> Iterator[pa.RecordBatch]:
    """The batches of a result; when the watchdog stops it, its reason is raised."""
    source = result.batches()
    while True:
        try:
            with watch.computing():
                batch = next(source, None)
        except Exception as error:
            raise watch.reason or error from error
        if watch.reason:
            raise watch.reason
        if batch is None:
            return
        yield from slices(batch)
