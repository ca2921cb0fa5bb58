"""The catalog and the schema that clients see the tables and views in."""

from lakehouse.query.catalog import CATALOG, DB_SCHEMA

__all__ = ["CATALOG", "DB_SCHEMA"]
