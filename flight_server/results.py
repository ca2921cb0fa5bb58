"""Batches of a result in the form in which they are sent, in types and sizes that all clients accept."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

BATCH_BYTES = 7 * 2**19  # 3.5 MiB: the smallest known limit of clients is 4 MiB


def split_batch(batch: pa.RecordBatch, limit: int = BATCH_BYTES) -> Iterator[pa.RecordBatch]:
    """Yield slices of the batch of at most `limit` bytes each; a larger row is a slice of its own.

    >>> [part.num_rows for part in split_batch(pa.record_batch({"a": pa.array(range(5), pa.int64())}), 16)]
    [2, 1, 2]
    """
    if batch.nbytes <= limit or batch.num_rows <= 1:
        yield batch
        return
    middle = batch.num_rows // 2
    yield from split_batch(batch.slice(0, middle), limit)
    yield from split_batch(batch.slice(middle), limit)


def wire_schema(schema: pa.Schema, string_views: bool = False) -> pa.Schema:
    """Return the schema in which rows are sent: with `string_views`, texts are views, except those in unions.

    >>> wire_schema(pa.schema({"a": pa.list_(pa.string())}), string_views=True)
    a: list<item: string_view>
      child 0, item: string_view
    """
    if not string_views:
        return schema
    return pa.schema([field.with_type(_with_views(field.type)) for field in schema], metadata=schema.metadata)


def _with_views(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_string(kind):
        return pa.string_view()
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        size = kind.list_size if pa.types.is_fixed_size_list(kind) else -1
        return pa.list_(kind.value_field.with_type(_with_views(kind.value_type)), size)
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_with_views(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(_with_views(kind.key_type), _with_views(kind.item_type))
    return kind


def wire_batches(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the batches in `schema`, none larger than clients accept."""
    for batch in batches:
        yield from split_batch(batch.cast(schema))
