"""The pages about the server: their examples return what they show, and every setting has its row."""

import doctest
from dataclasses import fields
from pathlib import Path

import pytest

from flight_server.settings import Settings
from srcql_client.demo import show

DOCS = Path(__file__).parents[2] / "docs"
ADDRESS = "grpc://127.0.0.1:4000"


@pytest.fixture
def demo(tmp_path, server):
    """A server of the warehouse that `srcql demo --warehouse warehouse` fills."""
    show.run(str(tmp_path / "warehouse"))
    return server


@pytest.mark.parametrize(("page", "examples"), [("server.md", 10), ("flight-sql.md", 6)])
def test_the_examples_return_what_they_show(demo, page, examples):
    text = (DOCS / page).read_text(encoding="utf-8").replace("```", "")
    assert f'>>> uri = "{ADDRESS}"' in text
    parsed = doctest.DocTestParser().get_doctest(text.replace(ADDRESS, demo.uri), {}, page, str(DOCS / page), 0)
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
            shown = (
                f"{value:g}"
                if isinstance(value, float)
                else str(value).lower()
                if isinstance(value, bool)
                else str(value)
            )
            assert f"`{shown}`" in row
