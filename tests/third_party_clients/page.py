"""The results of third-party test suites in docs/clients.md."""

import re
from collections.abc import Collection
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"


def check_page(suite: str, passed: int, skipped: Collection[str]) -> None:
    """Assert that the page has the counts of a suite without failures, and names each skipped test.

    Variants of one test, with parameters in brackets, share one entry.
    """
    page = PAGE.read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| {re.escape(suite)} \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|", page, re.MULTILINE)
    assert tuple(int(count.replace(",", "")) for count in row) == (passed, len(skipped), 0)
    assert [name for name in skipped if f"`{name}`" not in page and f"`{name.partition('[')[0]}`" not in page] == []
