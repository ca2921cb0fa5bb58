"""Every verb has spec files, a section on the language page, and a reference model."""

from pathlib import Path

import pytest

from srcql.verbs import VERBS
from tests.model.answer import VERBS as MODEL
from tests.model.shapes import FACTORS
from tests.srcql.verbs.test_verbs import STATEMENTS

PAGE = (Path(__file__).parents[3] / "docs" / "language.md").read_text(encoding="utf-8")
OF_LAKEHOUSES = ("MATRIX",)  # the model answers it for several problems at once


@pytest.mark.parametrize("word", VERBS)
def test_a_verb_has_statements_in_the_spec_files(word: str) -> None:
    assert any(block.statements[0].startswith(f"{word} ") for block in STATEMENTS)


@pytest.mark.parametrize("word", VERBS)
def test_a_verb_is_listed_on_the_language_page_and_has_a_section(word: str) -> None:
    assert f"\n| [{word}](#{word.lower()}) | " in PAGE
    assert f"\n## {word}\n\n    {word} " in PAGE


def test_the_model_has_every_verb() -> None:
    assert {*MODEL, *OF_LAKEHOUSES} == VERBS.keys()
    assert FACTORS.keys() == VERBS.keys()
