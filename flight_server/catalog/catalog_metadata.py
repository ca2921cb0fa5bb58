"""Lists of catalogs, schemas, tables and views, with the columns that FlightSql.proto defines.

The Arrow schemas of tables and views carry descriptions and types in their metadata, under the keys that drivers read.
"""

import re
from collections.abc import Callable, Sequence

import pyarrow as pa

from flight_server.namespace import CATALOG, DB_SCHEMA
from lakehouse.query.overviews import OVERVIEWS, comments_of
from srcql.errors import InvalidQuery
from srcql.schema import TABLES

TYPES = {**dict.fromkeys(TABLES, "TABLE"), **dict.fromkeys(OVERVIEWS, "VIEW")}
MAX_PATTERN_LENGTH = 1_000
KEY = "ARROW:FLIGHT:SQL:"
REMARKS = f"{KEY}REMARKS"
TYPE_NAMES = {
    pa.string(): "VARCHAR",
    pa.bool_(): "BOOLEAN",
    pa.int8(): "TINYINT",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.date32(): "DATE",
    pa.time64("us"): "TIME",
    pa.timestamp("us"): "TIMESTAMP",
    pa.timestamp("ns"): "TIMESTAMP_NS",
    pa.timestamp("us", "UTC"): "TIMESTAMP WITH TIME ZONE",
    pa.binary(): "BLOB",
}
PRECISION = {pa.int8(): 3, pa.int16(): 5, pa.int32(): 10, pa.int64(): 19, pa.float32(): 24, pa.float64(): 53}

_TABLES = [
    pa.field("catalog_name", pa.string()),
    pa.field("db_schema_name", pa.string()),
    pa.field("table_name", pa.string(), nullable=False),
    pa.field("table_type", pa.string(), nullable=False),
]
CATALOGS = pa.schema([pa.field("catalog_name", pa.string(), nullable=False)])
DB_SCHEMAS = pa.schema([_TABLES[0], _TABLES[1].with_nullable(False)])
TABLE_LIST = pa.schema(_TABLES)
TABLES_WITH_SCHEMA = pa.schema([*_TABLES, pa.field("table_schema", pa.binary(), nullable=False)])
TABLE_TYPES = pa.schema([pa.field("table_type", pa.string(), nullable=False)])


def matches_pattern(name: str, pattern: str | None) -> bool:
    """Return whether a name matches a pattern: % is any text, _ any character, a backslash escapes both.

    >>> [matches_pattern(*pair) for pair in (("tests", "te%"), ("tests", "test_"), ("tests", None), ("a_b", "a!_b"))]
    [True, True, True, False]
    """
    if pattern is None:
        return True
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise InvalidQuery(f"expected a pattern of at most {MAX_PATTERN_LENGTH} characters, found {len(pattern)}")
    pieces = [""]  # the texts between % and %
    for token in re.findall(r"\\.|.", pattern, re.DOTALL):
        if token == "%":
            pieces.append("")
        else:
            pieces[-1] += "." if token == "_" else re.escape(token[-1])
    first, *others = pieces
    # The first match of a piece is as good as a later one: without backtracking the time stays linear.
    rest = "".join(f"(?>.*?{piece})" for piece in others[:-1] if piece) + f".*{others[-1]}" if others else ""
    return bool(re.fullmatch(first + rest, name, re.DOTALL))


def _is_selected(name: str, filter_name: str | None) -> bool:
    return filter_name is None or filter_name == name


def catalogs() -> pa.Table:
    """Return the catalog."""
    return pa.table([[CATALOG]], schema=CATALOGS)


def db_schemas(catalog: str | None, pattern: str | None) -> pa.Table:
    """Return the schema if it matches the filters."""
    names = [DB_SCHEMA] if _is_selected(CATALOG, catalog) and matches_pattern(DB_SCHEMA, pattern) else []
    return pa.table([[CATALOG] * len(names), names], schema=DB_SCHEMAS)


def tables(
    catalog: str | None,
    db_schema_pattern: str | None,
    table_pattern: str | None,
    table_types: Sequence[str],
    schema_of: Callable[[str], pa.Schema] | None,
) -> pa.Table:
    """Return the tables and views that match the filters, sorted by name.

    With `schema_of` the table has their Arrow schemas, with descriptions.
    """
    has_schema = len(db_schemas(catalog, db_schema_pattern)) > 0
    types = {name: kind for name, kind in TYPES.items() if not table_types or kind in table_types}
    names = [name for name in sorted(types) if has_schema and matches_pattern(name, table_pattern)]
    columns = [[CATALOG] * len(names), [DB_SCHEMA] * len(names), names, [types[name] for name in names]]
    if schema_of is None:
        return pa.table(columns, schema=TABLE_LIST)
    schemas = [add_descriptions(name, schema_of(name)).serialize().to_pybytes() for name in names]
    return pa.table([*columns, schemas], schema=TABLES_WITH_SCHEMA)


def add_descriptions(name: str, schema: pa.Schema) -> pa.Schema:
    """Return the schema of a table or view with descriptions, SQL types and nullability of its columns.

    >>> add_descriptions("runs", pa.schema({"run_id": pa.string()})).field(0).metadata[b"ARROW:FLIGHT:SQL:REMARKS"]
    b'execution that the row was observed in'
    """
    doc, columns = comments_of(name)
    required = {column.name for column in TABLES[name].columns if column.required} if name in TABLES else ()
    fields = [
        field.with_metadata(_column_metadata(name, field, columns.get(field.name))).with_nullable(
            field.name not in required
        )
        for field in schema
    ]
    return pa.schema(fields, metadata={REMARKS: doc})


def _column_metadata(table: str, field: pa.Field, remarks: str | None) -> dict[str, str]:
    metadata = {
        "CATALOG_NAME": CATALOG,
        "SCHEMA_NAME": DB_SCHEMA,
        "TABLE_NAME": table,
        "TYPE_NAME": type_name(field.type),
        "PRECISION": PRECISION.get(field.type, getattr(field.type, "precision", None)),
        "SCALE": getattr(field.type, "scale", 0 if pa.types.is_integer(field.type) else None),
        "IS_AUTO_INCREMENT": "0",
        "IS_CASE_SENSITIVE": "1" if pa.types.is_string(field.type) else "0",
        "IS_READ_ONLY": "1",
        "IS_SEARCHABLE": "1",
        "REMARKS": remarks,
    }
    return {f"{KEY}{key}": str(value) for key, value in metadata.items() if value is not None}


def type_name(kind: pa.DataType) -> str:
    """Return the SQL name of a type.

    >>> type_name(pa.list_(pa.string())), type_name(pa.decimal128(9, 2))
    ('VARCHAR[]', 'DECIMAL(9,2)')
    """
    if pa.types.is_list(kind):
        return f"{type_name(kind.value_type)}[]"
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    return TYPE_NAMES.get(kind, str(kind).upper())


def table_types() -> pa.Table:
    """Return the table types: TABLE and VIEW."""
    return pa.table([sorted(set(TYPES.values()))], schema=TABLE_TYPES)
