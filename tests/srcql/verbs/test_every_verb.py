"""Every verb and each of its clauses is in the spec files, the grammar, the language page, and the reference model."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from srcql.verbs import VERBS
from tests.model.answer import VERBS as MODEL
from tests.model.shapes import FACTORS
from tests.model.statements import ORDERED
from tests.srcql.grammar import Grammar, parts, read_page
from tests.srcql.verbs.test_verbs import STATEMENTS

PAGE = (Path(__file__).parents[3] / "docs" / "language.md").read_text(encoding="utf-8")
OF_LAKEHOUSES = ("MATRIX",)  # the model answers it for several problems at once
WITHIN_OTHERS = {("RANK", "AGAINST")}  # drawn with ON PASSES and ON CODET
CLAUSES = [(word, clause) for word, verb in VERBS.items() for words in verb.own for clause in words.split("|")]


@pytest.mark.parametrize("word", VERBS)
def test_a_verb_has_statements_in_the_spec_files(word: str) -> None:
    assert any(block.statements[0].startswith(f"{word} ") for block in STATEMENTS)


@pytest.mark.parametrize("word", VERBS)
def test_a_verb_is_listed_on_the_language_page_and_has_a_section(word: str) -> None:
    assert f"\n| [{word}](#{word.lower()}) | " in PAGE
    assert f"\n## {word}\n\n    {word} " in PAGE


def test_the_model_has_every_verb() -> None:
    assert {*MODEL, *OF_LAKEHOUSES} == VERBS.keys()
    assert FACTORS.keys() == ORDERED.keys() == VERBS.keys()


@pytest.mark.parametrize(("word", "clause"), CLAUSES)
def test_a_clause_is_in_the_section_of_its_verb(word: str, clause: str) -> None:
    section = PAGE.split(f"\n## {word}\n")[1].split("\n## ")[0]
    assert re.search(rf"\b{clause}\b", section)


@pytest.mark.parametrize(("word", "clause"), CLAUSES)
def test_a_clause_is_in_the_grammar_of_its_verb(word: str, clause: str) -> None:
    assert any(f"{text} ".startswith(f"{clause} ") for text in terminals(read_page(), word.lower()))


@pytest.mark.parametrize(("word", "clause"), [each for each in CLAUSES if each not in WITHIN_OTHERS])
def test_the_model_draws_a_clause(word: str, clause: str) -> None:
    assert any(clause == name or f"{choice} ".startswith(f"{clause} ") for name, choice in choices(word))


def terminals(grammar: Grammar, rule: str) -> set[str]:
    """Return the terminals of a rule and of the rules that it names."""
    seen: set[str] = set()

    def walk(name: str) -> Iterator[str]:
        if name in seen or name not in grammar.rules:
            return
        seen.add(name)
        for part in parts(grammar.rules[name]):
            if part.sort == "word":
                yield part.text
            elif part.sort == "name":
                yield from walk(part.text)

    return set(walk(rule))


def choices(word: str) -> Iterator[tuple[str, str]]:
    """Yield each choice of the model for a verb, with the name of its clause."""
    for name, values in FACTORS[word].items():
        yield from ((name, value) for value in values)
