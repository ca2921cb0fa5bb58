"""Rows in a notebook: IPython shows a table of Arrow as a table."""

import sys
from html import escape
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_SHOWN = 50


def show_tables() -> None:
    """Register `to_html` with IPython for tables of Arrow; do nothing outside IPython."""
    ipython = sys.modules.get("IPython")
    if shell := ipython.get_ipython() if ipython else None:
        shell.display_formatter.formatters["text/html"].for_type_by_name("pyarrow.lib", "Table", to_html)


def to_html(table: "pa.Table") -> str:
    """Return the first rows as a table of HTML, and the number of all rows; NULL and numbers as `srcql query` prints.

    >>> import pyarrow as pa
    >>> print(to_html(pa.table({"n": [None], "text": ["<b>"]})))
    <table><thead><tr><th>n</th><th>text</th></tr></thead><tbody>
    <tr><td>NULL</td><td>&lt;b&gt;</td></tr>
    </tbody></table><p>1 row</p>
    """
    from .formats import cell, counted, records

    head = "".join(f"<th>{escape(name)}</th>" for name in table.column_names)
    shown = islice(records(table.to_batches()), ROWS_SHOWN)
    lines = ["".join(f"<td>{escape(cell(value).plain)}</td>" for value in row.values()) for row in shown]
    body = "".join(f"<tr>{line}</tr>\n" for line in lines)
    note = f", the first {ROWS_SHOWN} shown" if len(table) > ROWS_SHOWN else ""
    return (
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table><p>{counted(len(table), 'row')}{note}</p>"
    )
