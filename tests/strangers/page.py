"""The table of compatibility suites in docs/clients.md."""

import re
from collections.abc import Collection
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"


def assert_outcome(suite: str, passed: int, skipped: Collection[str]) -> None:
    """Assert that the page has these counts, no failure, and a reason for each skipped test.

    Parameters of a test, in brackets, may be left out on the page.
    """
    page = PAGE.read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| {re.escape(suite)} \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|", page, re.MULTILINE)
    assert tuple(int(count.replace(",", "")) for count in row) == (passed, len(skipped), 0)
    assert [name for name in skipped if f"`{name}`" not in page and f"`{name.partition('[')[0]}`" not in page] == []
