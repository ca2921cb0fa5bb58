"""The digest of a batch, which is its id where its sender gives none: sending the same rows again adds nothing.

It covers the table and the values of all rows in their order. It depends neither on how the rows were split, encoded or
typed (`int32` or `int64`, dictionaries), nor on the order of the columns; a missing column equals a column of nulls.
"""

import hashlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Prints = npt.NDArray[np.uint64]
_ODD = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))


class ContentDigest:
    """The digest of the rows of one batch, which `add` receives in their order and in the types of their table."""

    def __init__(self, table: str) -> None:
        self._digest = hashlib.blake2b(table.encode(), digest_size=16)

    def add(self, rows: pa.Table) -> None:
        """Add rows: one number for each, the sum of the numbers of its values."""
        prints = np.zeros(len(rows), np.uint64)
        for name in rows.column_names:
            column = rows[name].combine_chunks()
            if column.null_count < len(column):
                prints += fingerprints(column, name)
        self._digest.update(prints.astype("<u8").tobytes())

    def batch_id(self) -> str:
        """Return the batch id of the rows."""
        return f"content-{self._digest.hexdigest()}"


def fingerprints(array: pa.Array, name: str) -> Prints:
    """Return a number for each value of a column or part of one; 0 for null. Equal values have equal numbers.

    >>> one, other = fingerprints(pa.array([7, None, 7]), "a"), fingerprints(pa.array([7, None, 7]), "b")
    >>> bool(one[0] == one[2] != other[0]), int(one[1])
    (True, 0)
    """
    prints = _kind(array.type)(array, name)
    return (
        np.where(array.is_valid().to_numpy(zero_copy_only=False), prints, np.uint64(0)) if array.null_count else prints
    )


def _kind(type: pa.DataType) -> Callable[[pa.Array, str], Prints]:
    if pa.types.is_struct(type):
        return _of_structs
    if pa.types.is_map(type):
        return _of_maps
    if pa.types.is_list(type) or pa.types.is_large_list(type):
        return _of_lists
    whole = pa.types.is_integer(type) or pa.types.is_temporal(type) or pa.types.is_boolean(type)
    return _of_numbers if whole or pa.types.is_floating(type) else _of_distinct_values


def _of_numbers(array: pa.Array, name: str) -> Prints:
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    bits = pa.int64() if array.type.bit_width == 64 else pa.int32() if array.type.bit_width == 32 else array.type
    numbers = array.view(bits).fill_null(0).to_numpy(zero_copy_only=False)
    return _mix(numbers.astype(np.int64).view(np.uint64), name)


def _of_distinct_values(array: pa.Array, name: str) -> Prints:
    """Return the numbers of text, bytes, decimals or UUIDs: each distinct value is hashed once."""
    array = getattr(array, "storage", array)
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    values = encoded.dictionary
    if not pa.types.is_decimal(values.type):
        values = values.cast(pa.large_binary()).to_pylist()
    else:
        values = [str(value).encode() for value in values.to_pylist()]
    digests = b"".join([hashlib.blake2b(value, digest_size=8).digest() for value in values])
    prints = _mix(np.frombuffer(digests + bytes(8), "<u8"), name)
    if len(values) == 1 and not encoded.null_count:
        return np.broadcast_to(prints[0], len(encoded))
    indices = encoded.indices.fill_null(-1) if encoded.null_count else encoded.indices
    codes: npt.NDArray[np.int32] = indices.to_numpy()
    return np.take(prints, codes)


def _of_structs(array: pa.Array, name: str) -> Prints:
    prints = np.zeros(len(array), np.uint64)
    for field, values in zip(array.type, array.flatten(), strict=True):
        prints += fingerprints(values, field.name)
    return _mix(prints, name)


def _of_lists(array: pa.Array, name: str) -> Prints:
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy().astype(np.int64)
    return _of_parts(fingerprints(pc.list_flatten(array), "element"), lengths, name)


def _of_maps(array: pa.Array, name: str) -> Prints:
    entry = pa.struct([pa.field("key", array.type.key_type, False), array.type.item_field.with_name("value")])
    return _of_lists(array.cast(pa.list_(entry)), name)


def _of_parts(parts: Prints, lengths: npt.NDArray[np.int64], name: str) -> Prints:
    """Return the numbers of lists with these elements: each element counts with its position."""
    starts = np.cumsum(lengths) - lengths
    positions = np.arange(len(parts)) - np.repeat(starts, lengths)
    sums = np.concatenate([[np.uint64(0)], np.cumsum(_mix(parts + positions.astype(np.uint64) * _ODD, "element"))])
    return _mix(sums[starts + lengths] - sums[starts] + lengths.astype(np.uint64) * _ODD, name)


def _mix(numbers: Prints, name: str) -> Prints:
    """Return numbers that are spread over all 64 bits (the finaliser of SplitMix64), different for each name."""
    seed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
    mixed = numbers * _ODD + np.uint64(seed)
    for shift, factor in _FACTORS:
        mixed ^= mixed >> shift
        mixed *= factor
    mixed ^= mixed >> np.uint64(31)
    return mixed
