"""A database with the functions."""

from collections.abc import Iterator

import duckdb
import pytest

import udfs


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        udfs.register(opened)
        yield opened
