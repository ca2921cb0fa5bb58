"""Every type of DuckDB arrives unchanged: ADBC and DuckDB in process return the same tables."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from tests.flight_server.rpc import query_adbc

TEXT = Path(__file__).with_name("differential.sql").read_text(encoding="utf-8")
STATEMENTS = [line for line in TEXT.splitlines() if line and not line.startswith("--")]


@pytest.fixture(scope="module")
def in_process():
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def without_enums(kind: pa.DataType) -> pa.DataType:
    """Return the type with text in place of enums."""
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(kind.value_field.with_type(without_enums(kind.value_type)), kind.list_size)
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(without_enums(kind.value_type)))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(without_enums(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(without_enums(kind.key_type), without_enums(kind.item_type))
    if pa.types.is_union(kind):
        fields = [field.with_type(without_enums(field.type)) for field in kind]
        return pa.union(fields, mode=kind.mode, type_codes=kind.type_codes)
    return kind


@pytest.mark.parametrize("statement", STATEMENTS)
def test_adbc_returns_the_same_table_as_duckdb(sql, in_process, statement):
    expected = in_process.sql(statement.rstrip(";")).to_arrow_table()
    with sql.cursor() as cursor:
        found = query_adbc(cursor, statement)
    assert found.schema.names == expected.schema.names
    assert found.schema.types == [without_enums(kind) for kind in expected.schema.types]
    assert repr(found.to_pylist()) == repr(expected.to_pylist())


def test_there_are_enough_statements_of_types():
    assert len(set(STATEMENTS)) == len(STATEMENTS) > 300
