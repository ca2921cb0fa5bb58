"""Arrow columns, as DuckDB passes them to a function."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Column: TypeAlias = pa.Array | pa.ChunkedArray


def combine(column: Column) -> pa.Array:
    """Return the column as a single array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def encode(texts: Column) -> tuple[list[str | None], NDArray[np.int32]]:
    """Return the distinct texts, with NULL as the last, and the index of each text among them.

    >>> encode(pa.array(["a", None, "a"]))[0], encode(pa.array(["a", None, "a"]))[1].tolist()
    (['a', None], [0, 1, 0])
    """
    array = combine(texts)
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    distinct = [*encoded.dictionary.to_pylist(), None]
    return distinct, encoded.indices.fill_null(len(distinct) - 1).to_numpy(zero_copy_only=False)


def map_distinct(texts: Column, function: Callable[[str | None], str | int | None], result: pa.DataType) -> pa.Array:
    """Return the function of every text, as an array of type `result`; it is called once per distinct text."""
    distinct, indices = encode(texts)
    return pa.array([function(text) for text in distinct], result).take(pa.array(indices))
