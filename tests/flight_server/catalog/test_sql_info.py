"""Server information has the form that clients read."""

import duckdb
import pyarrow as pa
import pytest

from flight_server.catalog.sql_info import CHILDREN, INFOS, MAP, infos
from srcql.verbs import VERBS

# Code -> the child that the drivers of ADBC and JDBC cast it to, from the comments of FlightSql.proto.
EXPECTED = {
    "string_value": {0, 1, 2, 504, 513, 514, 529, 530, 531},
    "bool_value": {3, 4, 5, 9, 10, 11, 500, 501, 502, 506, 515, 516, 518, 519, 520, 521, 523, 524, 527, 532, 536, 537}
    | {539, 556, 563, 565, 566, 572, 573, 574, 575, 576},
    "bigint_value": {503, 505, 507, *range(541, 556), *range(557, 563)},
    "int32_bitmask": {8, 100, 101, 522, 525, 526, 528, 533, 534, 535, 538, 540, 564, 567, 568, 569, 570, 571},
    "string_list": {508, 509, 510, 511, 512},
    "int32_to_int32_list_map": {517},
}
ABSENT = {6, 7}  # the versions of Substrait, which is not supported


def test_every_info_of_the_specification_is_present():
    every = {*range(12), 100, 101, *range(500, 577)}
    assert set(INFOS) == every - ABSENT == set().union(*EXPECTED.values())


def test_listed_functions_exist_in_duckdb():
    with duckdb.connect() as connection:
        rows = connection.sql("SELECT DISTINCT upper(function_name) FROM duckdb_functions()").fetchall()
    known = {name for (name,) in rows} | {"NULLIF"}
    assert {name for code in (509, 510, 511, 512) for name in INFOS[code][1]} <= known


def test_every_verb_is_a_keyword():
    assert set(VERBS) < set(INFOS[508][1])


def test_every_info_is_in_the_expected_union_child():
    table = infos()
    table.validate(full=True)
    union = table["value"].chunk(0)
    found = {}
    for code, child in zip(table["info_name"].to_pylist(), union.type_codes.to_pylist(), strict=True):
        found.setdefault(CHILDREN[child].name, set()).add(code)
    assert found == EXPECTED


def test_all_infos_by_default():
    values = infos().to_pydict()
    expected = {code: list(value.items()) if kind == MAP else value for code, (kind, value) in INFOS.items()}
    assert dict(zip(values["info_name"], values["value"], strict=True)) == expected


@pytest.mark.parametrize("codes", [[8], [0, 1, 2], [0, 2, 3, 504], [3, 3], [4711]])
def test_infos_by_code_without_unknown_codes(codes):
    table = infos(codes)
    assert table["info_name"].to_pylist() == sorted(set(codes) & set(INFOS))
    assert table.schema.field("value").type == pa.dense_union(CHILDREN)
