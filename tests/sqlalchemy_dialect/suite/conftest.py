"""SQLAlchemy's test plugin with our dialect; what nothing can be made of is skipped, with its reason."""

import pytest
import sqlalchemy.dialects

for name in ("srcql", "srcql.adbc"):
    sqlalchemy.dialects.registry.register(name, "lent_tables", "LentTables")

DOUBLES = "DuckDB divides decimals as doubles"
SKIPPED = {
    "TrueDivTest::test_truediv_divisor[numeric_38_digit_divisor-typed]": DOUBLES,
    "TrueDivTest::test_truediv_divisor[numeric_38_digit_divisor-untyped_function]": DOUBLES,
    "TrueDivTest::test_truediv_divisor[numeric_many_decimals-typed]": DOUBLES,
    "TrueDivTest::test_truediv_divisor[numeric_many_decimals-untyped_function]": DOUBLES,
    "TrueDivTest::test_truediv_numeric[5.52-2.4-2.3]": DOUBLES,
    "CTETest::test_insert_from_select_round_trip": "it inserts what a query gives, and nothing is inserted here",
}


@pytest.hookimpl(trylast=True)  # the plugin makes the items anew
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        _, group, name = item.nodeid.split("::", 2)
        if reason := SKIPPED.get(f"{group.removesuffix('_srcql+adbc')}::{name}"):
            item.add_marker(pytest.mark.skip(reason=reason))
