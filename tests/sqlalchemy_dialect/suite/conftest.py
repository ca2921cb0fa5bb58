"""SQLAlchemy's test plugin with our dialect; unsupported tests are skipped with a reason."""

import pytest
import sqlalchemy.dialects

for name in ("srcql", "srcql.adbc"):
    sqlalchemy.dialects.registry.register(name, "local_tables", "LocalTables")

DOUBLES = "DuckDB divides decimals as doubles"
SKIPPED = {
    "TrueDivTest::test_truediv_divisor[numeric_38_digit_divisor-typed]": DOUBLES,
    "TrueDivTest::test_truediv_divisor[numeric_38_digit_divisor-untyped_function]": DOUBLES,
    "TrueDivTest::test_truediv_divisor[numeric_many_decimals-typed]": DOUBLES,
    "TrueDivTest::test_truediv_divisor[numeric_many_decimals-untyped_function]": DOUBLES,
    "TrueDivTest::test_truediv_numeric[5.52-2.4-2.3]": DOUBLES,
    "CTETest::test_insert_from_select_round_trip": "it inserts the result of a query, and connections are read-only",
}


@pytest.hookimpl(trylast=True)  # after the plugin, which replaces the items
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        _, group, name = item.nodeid.split("::", 2)
        if reason := SKIPPED.get(f"{group.removesuffix('_srcql+adbc')}::{name}"):
            item.add_marker(pytest.mark.skip(reason=reason))
