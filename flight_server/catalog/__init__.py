"""Answers to the metadata commands of Flight SQL: catalogs, tables, keys, types and server information."""
