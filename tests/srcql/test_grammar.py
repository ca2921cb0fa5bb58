"""The grammar page and the parser agree."""

import ast
import importlib
import inspect
import pkgutil
import random
import re
from collections.abc import Iterator
from dataclasses import fields

import pytest

import srcql
from srcql.clauses import equality
from srcql.clauses.at import At
from srcql.clauses.cube import Selection
from srcql.clauses.reading import field
from srcql.compiler import compile
from srcql.explain import parse_explain
from srcql.resolver import Choice, Source, Standalone
from srcql.verbs import VERBS
from srcql.verbs.verb import Verb
from tests.srcql.grammar import Grammar, parts, read_page

SENTENCES = 800
READS = {"choice", "flag", "whole_number", "take", "at", "expect"}


class Everything(Standalone):
    """A store that has every name and every snapshot."""

    def source(self, selection: Selection) -> Source:  # noqa: ARG002
        return Source("observations", "tests", "code_implementations", Choice.ROWS)

    def table(self, name: str, at: At) -> str:  # noqa: ARG002
        return f"past_{name}"


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return read_page()


def test_every_sentence_of_the_rules_is_parsed(grammar: Grammar) -> None:
    chance, resolver = random.Random(4), Everything()
    for _ in range(SENTENCES):
        text = grammar.sentence(chance)
        try:
            asked = parse_explain(text)
            compiled = compile(asked.query if asked else text, resolver)
        except Exception as error:
            error.add_note(text)
            raise
        assert compiled.verbs or "past_" in compiled.sql, text
    assert grammar.alternatives() <= grammar.seen


def test_every_name_is_defined_and_used(grammar: Grammar) -> None:
    named = {part.text for rule in grammar.rules.values() for part in parts(rule) if part.sort == "name"}
    assert named | {"statement"} == grammar.rules.keys() | grammar.samples.keys()
    assert not grammar.rules.keys() & grammar.samples.keys()


def test_every_word_that_the_parser_reads_is_in_the_rules(grammar: Grammar) -> None:
    terminals = {part.text for rule in grammar.rules.values() for part in parts(rule) if part.sort == "word"}
    words = {word for text in terminals for word in text.split()}
    read = {word for text in words_read() for word in re.findall(r"\w+", text)}
    assert len(read) > 60
    assert read <= words


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_each_clause_of_a_verb_has_its_field(verb: type[Verb]) -> None:
    assert [field(words) for words in verb.own] == [part.name for part in fields(verb.own_clauses)]


def words_read() -> Iterator[str]:
    """Return the clauses of each verb, and all words in capitals that a reading call gets, also through tables."""
    for verb in VERBS.values():
        yield from (verb.word, *verb.shared, *verb.own)
    yield from (*equality.BASES, *equality.OPTIONS)
    for name in [module.name for module in pkgutil.walk_packages(srcql.__path__, "srcql.")]:
        module = importlib.import_module(name)
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in READS:
                constants = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
                tables = [getattr(module, part.id, ()) for part in ast.walk(node) if isinstance(part, ast.Name)]
                found = [*constants, *(word for table in tables if isinstance(table, (tuple, dict)) for word in table)]
                yield from (text for text in found if isinstance(text, str) and re.fullmatch("[A-Z ]+", text))
