"""The ADBC driver for GizmoSQL, another Flight SQL server over DuckDB, against our server."""

import subprocess
import sys
from typing import Any

import pytest
from adbc_driver_manager import Error

DRIVER = "adbc-driver-gizmosql==2.0.15"


@pytest.fixture(scope="module")
def gizmosql(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("gizmosql")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), DRIVER]
    installed = subprocess.run(install, capture_output=True, text=True, check=False)
    if installed.returncode:
        pytest.skip(f"{DRIVER} cannot be installed: {installed.stderr[:300]}")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        import adbc_driver_gizmosql.dbapi

        yield adbc_driver_gizmosql.dbapi


@pytest.fixture
def cursor(gizmosql: Any, uri: str) -> Any:
    with gizmosql.connect(uri, username="ann", password="secret") as connection, connection.cursor() as opened:
        yield opened


def test_it_queries_in_srcql(cursor: Any) -> None:
    assert cursor.execute("CLUSTER FROM D.gcd").fetch_arrow_table().num_rows == 2


def test_it_binds_parameters(cursor: Any) -> None:
    cursor.execute("SELECT count(*) FROM observations WHERE problem_id = ?", ("gcd",))
    assert cursor.fetchall() == [(6,)]


def test_it_queries_while_a_result_is_open(cursor: Any) -> None:
    cursor.execute("SELECT * FROM range(1000000)")
    assert cursor.fetchone() == (0,)
    cursor.execute("SELECT 2")
    assert cursor.fetchall() == [(2,)]


def test_statements_that_write_are_rejected(cursor: Any) -> None:
    with pytest.raises(Error, match="expected a query"):
        cursor.execute("CREATE TABLE t (i INTEGER)")
    assert cursor.execute("SELECT 1").fetchall() == [(1,)]


def test_it_reads_metadata(gizmosql: Any, uri: str) -> None:
    with gizmosql.connect(uri, username="ann", password="secret") as connection:
        assert (connection.adbc_current_catalog, connection.adbc_current_db_schema) == ("lakehouse", "main")
        assert connection.adbc_get_info()["vendor_name"] == "SRCQL"
        assert connection.adbc_get_table_types() == ["TABLE", "VIEW"]
        (catalog,) = connection.adbc_get_objects(depth="columns", table_name_filter="tests").read_all().to_pylist()
        (table,) = catalog["catalog_db_schemas"][0]["db_schema_tables"]
        assert [column["column_name"] for column in table["table_columns"]][:3] == [
            "data_set_id",
            "problem_id",
            "test_id",
        ]


def test_it_ingests_rows(gizmosql: Any, uri: str) -> None:
    import pyarrow as pa

    rows = pa.table({"data_set_id": ["G"], "problem_id": ["p"], "test_id": ["t"], "source_code": ["x"]})
    with gizmosql.connect(uri, username="ann", password="secret") as connection, connection.cursor() as opened:
        assert opened.adbc_ingest("tests", rows, mode="append") == 1
        opened.execute("SELECT count(*) FROM tests WHERE data_set_id = 'G'")
        assert opened.fetchall() == [(1,)]
