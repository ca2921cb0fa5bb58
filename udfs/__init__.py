"""Behavioural measures as Arrow functions for DuckDB, one file each."""
