"""What docs/clients.md says of the suites that others wrote."""

import re
from collections.abc import Collection
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"


def told(suite: str, passed: int, skipped: Collection[str]) -> None:
    """Holds the page to an outcome without a failure: a row has the counts, and what was skipped has its reason.

    Tests of one name that differ by parameters, in brackets, are told together.
    """
    page = PAGE.read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| {re.escape(suite)} \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|", page, re.MULTILINE)
    assert tuple(int(count.replace(",", "")) for count in row) == (passed, len(skipped), 0)
    assert [name for name in skipped if f"`{name}`" not in page and f"`{name.partition('[')[0]}`" not in page] == []
