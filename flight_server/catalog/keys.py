"""Primary and foreign keys of the three tables; `srcql.schema` documents them. The store does not enforce them.

Columns: FlightSql.proto, CommandGetPrimaryKeys and CommandGetImportedKeys.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from flight_server.namespace import CATALOG, DB_SCHEMA
from srcql.schema import KEYS, REFERENCES

NO_ACTION = 3  # UpdateDeleteRules


def _text(name: str, nullable: bool = True) -> pa.Field:
    return pa.field(name, pa.string(), nullable)


_SEQUENCE = pa.field("key_sequence", pa.int32(), nullable=False)
PRIMARY_KEYS = pa.schema(
    [
        _text("catalog_name"),
        _text("db_schema_name"),
        _text("table_name", False),
        _text("column_name", False),
        _SEQUENCE,
        _text("key_name"),
    ]
)
FOREIGN_KEYS = pa.schema(
    [
        *(
            _text(f"{end}_{name}", name in ("catalog_name", "db_schema_name"))
            for end in ("pk", "fk")
            for name in ("catalog_name", "db_schema_name", "table_name", "column_name")
        ),
        _SEQUENCE,
        _text("fk_key_name"),
        _text("pk_key_name"),
        pa.field("update_rule", pa.uint8(), nullable=False),
        pa.field("delete_rule", pa.uint8(), nullable=False),
    ]
)


@dataclass(frozen=True)
class TableReference:
    """A table as a command names it; None matches every catalog or schema."""

    catalog: str | None
    db_schema: str | None
    table: str

    def matches(self, table: str) -> bool:
        """Return whether this is a reference to `table`."""
        return self.catalog in (None, CATALOG) and self.db_schema in (None, DB_SCHEMA) and self.table == table


def primary_keys(reference: TableReference) -> pa.Table:
    """Return the primary key columns of a table, in their order.

    >>> primary_keys(TableReference(None, None, "tests"))["column_name"].to_pylist()
    ['data_set_id', 'problem_id', 'test_id']
    """
    rows = [
        (*_column(table, column), number, _key_name(table))
        for table, columns in KEYS.items()
        if reference.matches(table)
        for number, column in enumerate(columns, 1)
    ]
    return _table(rows, PRIMARY_KEYS)


def foreign_keys(referenced: TableReference | None = None, referencing: TableReference | None = None) -> pa.Table:
    """Return the foreign keys to a table, from a table, or between two, sorted by tables and their columns.

    >>> foreign_keys(referencing=TableReference(None, None, "observations"))["pk_table_name"].unique().to_pylist()
    ['code_implementations', 'tests']
    """
    rows = [
        (*_column(pk, column), *_column(fk, column), number, f"{fk}_{pk}", _key_name(pk), NO_ACTION, NO_ACTION)
        for fk, pk in REFERENCES
        if (referenced is None or referenced.matches(pk)) and (referencing is None or referencing.matches(fk))
        for number, column in enumerate(KEYS[pk], 1)
    ]
    return _table(rows, FOREIGN_KEYS)


def _column(table: str, column: str) -> tuple[str, ...]:
    return CATALOG, DB_SCHEMA, table, column


def _key_name(table: str) -> str:
    return f"{table}_key"


def _table(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)
