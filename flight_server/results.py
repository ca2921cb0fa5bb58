"""Rows on their way to a client: under a watch, in batches that every client can receive."""

from collections.abc import Iterator

import pyarrow as pa

from flight_server.several import Several
from flight_server.watchdog import Watch
from lakehouse.query.results import Result

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


def sent_as(schema: pa.Schema, views: bool = False) -> pa.Schema:
    """The schema that rows are sent with: dictionaries, which a stream of Flight cannot change midway, are spelled out.

    With `views`, texts are string views.

    >>> sent_as(pa.schema({"a": pa.list_(pa.dictionary(pa.uint8(), pa.string()))}))
    a: list<item: string>
      child 0, item: string
    """
    text = pa.string_view() if views else pa.string()
    return pa.schema([field.with_type(_plain(field.type, text)) for field in schema], metadata=schema.metadata)


def _plain(kind: pa.DataType, text: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type, text)
    if pa.types.is_string(kind):
        return text
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        size = kind.list_size if pa.types.is_fixed_size_list(kind) else -1
        return pa.list_(kind.value_field.with_type(_plain(kind.value_type, text)), size)
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_plain(field.type, text)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(_plain(kind.key_type, text), _plain(kind.item_type, text))
    return kind


def watched(result: Result | Several, watch: Watch, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The batches of a result in the schema that they are sent with; raises why the watchdog stopped it, if it did."""
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
        yield from slices(batch.cast(schema))
