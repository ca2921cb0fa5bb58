"""The lakehouse as a catalog: one catalog, one schema, three tables and their overviews. Shapes as in FlightSql.proto.

What tables, views and columns hold is said in the metadata of their Arrow schemas, under the key that drivers look for.
"""

import re
from collections.abc import Callable, Sequence

import pyarrow as pa

from lakehouse.query.overviews import OVERVIEWS, comments_of
from srcql.errors import InvalidQuery
from srcql.schema import TABLES

CATALOG = "temp"  # where DuckDB keeps the views of a statement: a qualified name can be asked as it stands
DB_SCHEMA = "main"
TYPES = {**dict.fromkeys(TABLES, "TABLE"), **dict.fromkeys(OVERVIEWS, "VIEW")}
LONGEST_PATTERN = 1_000
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


def matches(name: str, pattern: str | None) -> bool:
    """Whether a name fits a pattern, in which % is any text and _ any letter, and a backslash takes that from them.

    >>> matches("observations", "obs%"), matches("tests", "test_"), matches("tests", None), matches("a_b", "a!_b")
    (True, True, True, False)
    """
    if pattern is None:
        return True
    if len(pattern) > LONGEST_PATTERN:
        raise InvalidQuery(f"a pattern of names has at most {LONGEST_PATTERN} letters; it has {len(pattern)}")
    pieces = [""]  # between one % and the next
    for token in re.findall(r"\\.|.", pattern, re.DOTALL):
        if token == "%":
            pieces.append("")
        else:
            pieces[-1] += "." if token == "_" else re.escape(token[-1])
    first, *others = pieces
    # The first place where a piece fits is as good as any later one: never to try these keeps the time linear.
    rest = "".join(f"(?>.*?{piece})" for piece in others[:-1] if piece) + f".*{others[-1]}" if others else ""
    return bool(re.fullmatch(first + rest, name, re.DOTALL))


def _holds(name: str, filter_name: str | None) -> bool:
    return filter_name is None or filter_name == name


def catalogs() -> pa.Table:
    """The catalog."""
    return pa.table([[CATALOG]], schema=CATALOGS)


def db_schemas(catalog: str | None, pattern: str | None) -> pa.Table:
    """The schema, when catalog and pattern let it through."""
    found = [DB_SCHEMA] if _holds(CATALOG, catalog) and matches(DB_SCHEMA, pattern) else []
    return pa.table([[CATALOG] * len(found), found], schema=DB_SCHEMAS)


def tables(
    catalog: str | None,
    db_schema_pattern: str | None,
    table_pattern: str | None,
    table_types: Sequence[str],
    schema_of: Callable[[str], pa.Schema] | None,
) -> pa.Table:
    """The tables and views that the filters let through, ordered by name.

    With their Arrow schemas, as `described` says, when `schema_of` is given.
    """
    here = len(db_schemas(catalog, db_schema_pattern)) > 0
    kinds = {name: kind for name, kind in TYPES.items() if not table_types or kind in table_types}
    found = [name for name in sorted(kinds) if here and matches(name, table_pattern)]
    columns = [[CATALOG] * len(found), [DB_SCHEMA] * len(found), found, [kinds[name] for name in found]]
    if schema_of is None:
        return pa.table(columns, schema=TABLE_LIST)
    schemas = [described(name, schema_of(name)).serialize().to_pybytes() for name in found]
    return pa.table([*columns, schemas], schema=TABLES_WITH_SCHEMA)


def described(name: str, schema: pa.Schema) -> pa.Schema:
    """The schema of a table or view with what it and its columns hold, and how they are to be drawn.

    >>> described("runs", pa.schema({"run_id": pa.string()})).field(0).metadata[b"ARROW:FLIGHT:SQL:REMARKS"]
    b'execution that the row was observed in'
    """
    doc, columns = comments_of(name)
    required = {column.name for column in TABLES[name].columns if column.required} if name in TABLES else ()
    fields = [
        field.with_metadata(_said(name, field, columns.get(field.name))).with_nullable(field.name not in required)
        for field in schema
    ]
    return pa.schema(fields, metadata={REMARKS: doc})


def _said(table: str, field: pa.Field, remarks: str | None) -> dict[str, str]:
    said = {
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
    return {f"{KEY}{key}": str(value) for key, value in said.items() if value is not None}


def type_name(kind: pa.DataType) -> str:
    """The name that SQL has for a type.

    >>> type_name(pa.list_(pa.string())), type_name(pa.decimal128(9, 2))
    ('VARCHAR[]', 'DECIMAL(9,2)')
    """
    if pa.types.is_list(kind):
        return f"{type_name(kind.value_type)}[]"
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    return TYPE_NAMES.get(kind, str(kind).upper())


def table_types() -> pa.Table:
    """The kinds that tables and views are of."""
    return pa.table([sorted(set(TYPES.values()))], schema=TABLE_TYPES)
