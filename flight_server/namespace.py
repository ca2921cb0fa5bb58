"""The catalog and the schema that clients see the tables and views in."""

CATALOG = "temp"  # where DuckDB keeps the views of a statement, so qualified names work unchanged
DB_SCHEMA = "main"
