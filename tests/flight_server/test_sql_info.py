"""What the server says of itself can be read as other programs read it."""

import pyarrow as pa
import pytest

from flight_server.sql_info import CHILDREN, INFOS, infos

# Code -> the child that the drivers of ADBC and JDBC cast it to, after the comments of FlightSql.proto.
EXPECTED = {
    "string_value": {0, 1, 2, 504, 513, 529, 531},
    "bool_value": {3, 4, 5, 9, 10, 11, 500, 501, 502},
    "bigint_value": {503, 505, 507, 555},
    "int32_bitmask": {8, 100, 101},
    "string_list": {508},
}


def test_every_info_stands_in_the_child_that_it_is_read_from():
    table = infos()
    table.validate(full=True)
    union = table["value"].chunk(0)
    found = {}
    for code, child in zip(table["info_name"].to_pylist(), union.type_codes.to_pylist(), strict=True):
        found.setdefault(CHILDREN[child].name, set()).add(code)
    assert found == EXPECTED


def test_all_infos_are_those_of_the_table():
    values = infos().to_pydict()
    assert dict(zip(values["info_name"], values["value"], strict=True)) == {
        code: value for code, (_, value) in INFOS.items()
    }


@pytest.mark.parametrize("codes", [[8], [0, 1, 2], [0, 2, 3, 504], [3, 3], [4711]])
def test_what_is_asked_is_answered_and_what_is_unknown_left_out(codes):
    table = infos(codes)
    assert table["info_name"].to_pylist() == sorted(set(codes) & set(INFOS))
    assert table.schema.field("value").type == pa.dense_union(CHILDREN)
