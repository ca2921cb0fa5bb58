"""The derived columns of observations: kind and key of the response."""

import pyarrow as pa
import pyarrow.compute as pc

from srcql.errors import InvalidData
from udfs.response import keys, kinds


def derive_response(rows: pa.Table, first: int) -> pa.Table:
    """Return the observations with kind and key of their response, computed on distinct outputs.

    Rows that were read from the store have both already. Raises InvalidData if these differ from the computed ones.
    """
    output = rows["output"].combine_chunks()
    for name, made in (("response_kind", kinds(output).dictionary_encode()), ("response_key", keys(output))):
        differs = pc.fill_null(pc.not_equal(_without_dictionary(rows[name]), _without_dictionary(made)), False)
        if (row := pc.index(differs, True).as_py()) >= 0:
            raise InvalidData(
                f"observations.{name}, row {first + row}: expected {made[row]}, found {rows[name][row]}",
                hint=f"leave {name} out: it is derived from output",
            )
        rows = rows.set_column(rows.column_names.index(name), name, made)
    return rows


def _without_dictionary(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
