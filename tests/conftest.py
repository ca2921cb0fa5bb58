"""Fixtures for all tests: the real data, where it is present, and lakehouses that hold it.

These lakehouses are filled once and only read; a test that writes fills its own lakehouse.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from srcql.schema import TABLES
from srcql_client import Connection
from srcql_client.importers import arena
from tests.serving import served

DATA = Path(__file__).parents[2] / "shared" / "data"
X = "lasso/srm_894e0458-b2c2-4114-bbdf-7b2f9a53d21f_all.parquet"


@pytest.fixture(scope="session")
def data() -> Path:
    if not DATA.is_dir():
        pytest.skip("the optional test data ../shared/data is missing")
    return DATA


@pytest.fixture(scope="session")
def python_folder(data: Path) -> Path:
    """Observations, tests and code of model-written Python programs, as files."""
    return data / "humaneval_mbpp_classeval"


@pytest.fixture(scope="session")
def python_facts(python_folder: Path) -> dict[str, Any]:
    """Facts about each of their problems, computed in plain Python."""
    return json.loads(gzip.decompress((python_folder / "truth.json.gz").read_bytes()))["problems"]


@pytest.fixture(scope="session")
def python_data(python_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A server with these observations; `location` is its address."""
    with served(tmp_path_factory.mktemp("python") / "warehouse") as connection:
        for table in TABLES:
            file = python_folder / f"{table}.parquet"
            assert connection.ingest(table, file).rows == pq.read_metadata(file).num_rows
        yield connection


@pytest.fixture(scope="session")
def x(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A server with the large published arena export, as data set HumanEval."""
    with served(tmp_path_factory.mktemp("x") / "warehouse") as connection:
        for part in arena.read(data / X, "HumanEval"):
            connection.ingest(part.table, part.rows, part.batch_id)
        yield connection
