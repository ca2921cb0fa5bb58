"""The types of columns, described as in ODBC.

Source: `CommandGetXdbcTypeInfo` and `XdbcDataType` of FlightSql.proto.
"""

from typing import Any

import pyarrow as pa

NULLABLE, SEARCHABLE_BASIC, SEARCHABLE_FULL = 1, 2, 3
DATETIME = 9
Row = dict[str, Any]
SCHEMA = pa.schema(
    [
        pa.field("type_name", pa.string(), nullable=False),
        pa.field("data_type", pa.int32(), nullable=False),
        pa.field("column_size", pa.int32()),
        pa.field("literal_prefix", pa.string()),
        pa.field("literal_suffix", pa.string()),
        pa.field("create_params", pa.list_(pa.field("item", pa.string(), nullable=False))),
        pa.field("nullable", pa.int32(), nullable=False),
        pa.field("case_sensitive", pa.bool_(), nullable=False),
        pa.field("searchable", pa.int32(), nullable=False),
        pa.field("unsigned_attribute", pa.bool_()),
        pa.field("fixed_prec_scale", pa.bool_(), nullable=False),
        pa.field("auto_increment", pa.bool_()),
        pa.field("local_type_name", pa.string()),
        pa.field("minimum_scale", pa.int32()),
        pa.field("maximum_scale", pa.int32()),
        pa.field("sql_data_type", pa.int32(), nullable=False),
        pa.field("datetime_subcode", pa.int32()),
        pa.field("num_prec_radix", pa.int32()),
        pa.field("interval_precision", pa.int32()),
    ]
)


def _type(name: str, code: int, size: int | None = None, **more: object) -> Row:
    common = {
        "nullable": NULLABLE,
        "case_sensitive": False,
        "searchable": SEARCHABLE_BASIC,
        "fixed_prec_scale": False,
        "sql_data_type": code,
    }
    return {"type_name": name, "local_type_name": name, "data_type": code, "column_size": size, **common, **more}


def _number(name: str, code: int, precision: int, *, signed: bool = True, radix: int = 10, **more: object) -> Row:
    more = {"unsigned_attribute": not signed, "auto_increment": False, "num_prec_radix": radix} | more
    return _type(name, code, precision, **more)


def _integer(name: str, code: int, precision: int, *, signed: bool = True) -> Row:
    return _number(name, code, precision, signed=signed, minimum_scale=0, maximum_scale=0)


def _literal(name: str, code: int, size: int | None = None, **more: object) -> Row:
    return _type(name, code, size, **({"literal_prefix": "'", "literal_suffix": "'"} | more))


def _time(name: str, code: int, size: int, subcode: int, word: str) -> Row:
    more = {"sql_data_type": DATETIME, "datetime_subcode": subcode, "literal_prefix": f"{word} '"}
    return _literal(name, code, size, **more)


TYPES = sorted(
    (
        _type("BOOLEAN", -7, 1),
        _integer("TINYINT", -6, 3),
        _integer("UTINYINT", -6, 3, signed=False),
        _integer("BIGINT", -5, 19),
        _integer("UBIGINT", -5, 20, signed=False),
        _literal("BLOB", -3),
        _integer("HUGEINT", 2, 39),
        _number("DECIMAL", 3, 38, create_params=["precision", "scale"], minimum_scale=0, maximum_scale=38),
        _integer("INTEGER", 4, 10),
        _integer("UINTEGER", 4, 10, signed=False),
        _integer("SMALLINT", 5, 5),
        _integer("USMALLINT", 5, 5, signed=False),
        _number("FLOAT", 7, 24, radix=2),
        _number("DOUBLE", 8, 53, radix=2),
        _literal("UUID", 12, 36),
        _literal("VARCHAR", 12, case_sensitive=True, searchable=SEARCHABLE_FULL),
        _time("DATE", 91, 10, 1, "DATE"),
        _time("TIME", 92, 15, 2, "TIME"),
        _time("TIMESTAMP", 93, 26, 3, "TIMESTAMP"),
        _time("TIMESTAMP WITH TIME ZONE", 93, 32, 5, "TIMESTAMPTZ"),
    ),
    key=lambda row: (row["data_type"], row["type_name"]),
)


def types(data_type: int | None = None) -> pa.Table:
    """Return the types with an ODBC type code, by default all, sorted by code and name.

    >>> types(12)["type_name"].to_pylist()
    ['UUID', 'VARCHAR']
    """
    return pa.Table.from_pylist([row for row in TYPES if data_type in (None, row["data_type"])], schema=SCHEMA)
