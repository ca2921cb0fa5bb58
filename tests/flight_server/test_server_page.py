"""The pages about the server: their examples return what they show, and every setting has its row."""

import doctest
from dataclasses import fields
from pathlib import Path

import pyarrow.flight as flight
import pytest

from flight_server.settings import Settings
from tests.flight_server.rpc import observations, put

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("page", "examples"), [("server.md", 9), ("flight-sql.md", 5)])
def test_the_examples_return_what_they_show(server, page, examples):
    with flight.connect(server.uri) as client:
        put(client, flight.FlightDescriptor.for_path("observations"), observations())
    text = (DOCS / page).read_text(encoding="utf-8").replace("```", "")
    parsed = doctest.DocTestParser().get_doctest(text, {"uri": server.uri}, page, str(DOCS / page), 0)
    results = doctest.DocTestRunner().run(parsed, clear_globs=False)
    parsed.globs["client"].close()
    assert results.attempted >= examples
    assert results.failed == 0


def test_every_setting_is_on_the_page():
    page = (DOCS / "server.md").read_text(encoding="utf-8")
    default = Settings(warehouse="warehouse")
    for field in fields(Settings):
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `SRCQL_{field.name.upper()}` |")]
        value = getattr(default, field.name)
        if field.name != "warehouse" and value is not None:
            shown = f"{value:g}" if isinstance(value, float) else str(value).lower() if value is False else str(value)
            assert f"`{shown}`" in row
