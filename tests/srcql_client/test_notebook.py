"""Rows in a notebook."""

import pyarrow as pa
import pytest

from srcql_client import Connection
from srcql_client.notebook import ROWS_SHOWN, to_html


def test_rows_are_a_table_of_html() -> None:
    html = to_html(pa.table({"<a>": [1.5, None], "b": [["x"], None]}))
    assert "<th>&lt;a&gt;</th><th>b</th>" in html
    assert "<td>1.5</td><td>[x]</td>" in html
    assert "<td>NULL</td><td>NULL</td>" in html
    assert html.endswith("<p>2 rows</p>")


def test_a_long_table_is_cut() -> None:
    html = to_html(pa.table({"n": range(1_000)}))
    assert html.count("<tr><td>") == ROWS_SHOWN
    assert html.endswith(f"<p>1,000 rows, the first {ROWS_SHOWN} shown</p>")


def test_ipython_shows_the_rows_of_a_query(lakehouse: Connection) -> None:
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell.instance()
    try:
        data, _ = shell.display_formatter.format(lakehouse.query("SELECT 1 AS one"))
    finally:
        shell.clear_instance()
    assert "<th>one</th>" in data["text/html"]
