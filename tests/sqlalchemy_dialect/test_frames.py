"""pandas and polars read the lakehouse, with and without the dialect."""

import pandas as pd
import polars as pl
import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

SIZES = "SELECT size, representative FROM (CLUSTER FROM D.gcd) ORDER BY size"
OF_A_PROBLEM = "SELECT count(*) AS n FROM observations WHERE problem_id = :problem"


def test_pandas_reads_srcql(engine: Engine) -> None:
    frame = pd.read_sql(text(SIZES), engine)
    assert frame.to_dict("list") == {"size": [1, 2], "representative": ["c", "a"]}


def test_pandas_reads_a_plain_text(engine: Engine) -> None:
    assert len(pd.read_sql("CLUSTER FROM D.gcd", engine)) == 2


def test_pandas_binds_parameters(engine: Engine) -> None:
    frame = pd.read_sql(text(OF_A_PROBLEM), engine, params={"problem": "gcd"})
    assert frame["n"].tolist() == [6]


def test_pandas_reads_in_chunks(engine: Engine) -> None:
    with engine.connect().execution_options(stream_results=True) as connection:
        chunks = pd.read_sql("SELECT range AS n FROM range(1000)", connection, chunksize=300)
        assert [len(chunk) for chunk in chunks] == [300, 300, 300, 100]


@pytest.mark.parametrize("name", ["observations", "clusters"])
def test_pandas_reads_a_table_or_a_view_by_its_name(engine: Engine, name: str) -> None:
    frame = pd.read_sql_table(name, engine)
    assert set(frame["data_set_id"]) == {"D"}


def test_pandas_reads_timestamps(engine: Engine) -> None:
    frame = pd.read_sql("SELECT created_at FROM observations", engine)
    assert frame["created_at"].dtype.kind == "M"


def test_polars_reads_by_an_engine(engine: Engine) -> None:
    frame = pl.read_database(SIZES, engine)
    assert frame.to_dict(as_series=False) == {"size": [1, 2], "representative": ["c", "a"]}


def test_polars_reads_lists(engine: Engine) -> None:
    frame = pl.read_database("CLUSTER FROM D.gcd", engine)
    assert sorted(frame["implementations"].to_list()) == [["a", "b"], ["c"]]


def test_polars_reads_by_adbc(uri: str) -> None:
    address = uri.replace("grpc://", "flightsql://") + "?transport=tcp"
    frame = pl.read_database_uri(SIZES, address, engine="adbc")
    assert frame.schema == {"size": pl.Int64, "representative": pl.String}
    assert frame.rows() == [(1, "c"), (2, "a")]
