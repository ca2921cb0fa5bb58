"""Every mistake in a verb is told in the words of the spec file, at its place."""

import pytest

from srcql.compiler import compile, transpile
from srcql.errors import InvalidQuery, SrcqlError, UnknownName, Unsupported
from srcql.resolver import Choice, Source, Standalone
from srcql.schema import OBSERVATIONS, Column, Role, Table
from tests.srcql.spec import Block, blocks

ERRORS = (
    "errors",
    *(f"errors_{verb}" for verb in ("diff", "similarity", "flaky", "discriminate", "minimize", "check")),
)


@pytest.mark.parametrize("block", [b for name in ERRORS for b in blocks(name)], ids=lambda block: block.statements[0])
def test_a_mistake_is_told_in_these_words(block: Block) -> None:
    assert message(block.statements[0]) == block.message


@pytest.mark.parametrize("block", blocks("bad_errors"), ids=lambda block: block.statements[0])
def test_a_mistake_is_not_told_well_yet(block: Block) -> None:
    """These words do not help enough: once they are better the block moves to the others."""
    assert message(block.statements[0]) == block.message


def message(text: str) -> str:
    with pytest.raises(SrcqlError) as told:
        compile(text)
    return f"{type(told.value).__name__}: {told.value}"


def test_no_mistake_is_told_twice() -> None:
    texts = [block.statements[0] for name in (*ERRORS, "bad_errors") for block in blocks(name)]
    assert len(texts) == len(set(texts)) > 350


def test_a_name_that_the_store_does_not_know_is_placed_in_the_text() -> None:
    class Strict(Standalone):
        def source(self, selection):
            name = selection.targets[0].problem
            raise UnknownName(f"unknown problem {name.text}", span=name.span, hint="did you mean sum?")

    with pytest.raises(UnknownName) as told:
        compile('SELECT 1\nFROM (CLUSTER FROM MBPP."sm")', Strict())
    assert str(told.value).split("\n") == [
        "line 2, column 25: unknown problem sm",
        '  FROM (CLUSTER FROM MBPP."sm")',
        "                          ^^^^",
        "  hint: did you mean sum?",
    ]


def test_a_column_that_would_stand_twice_in_the_result_is_refused() -> None:
    size = Column("size", "VARCHAR", 100, Role.CONTEXT, "size of the machine")

    class Evolved(Standalone):
        observations = Table("observations", "", (*OBSERVATIONS.columns, size), ())

    with pytest.raises(InvalidQuery, match="the result would have two columns size"):
        compile("CLUSTER FROM MBPP BY size", Evolved())
    assert '"size"' in compile("SLICE FROM MBPP BY size", Evolved()).sql


def test_what_is_nested_too_deeply_is_an_error_of_the_text() -> None:
    with pytest.raises(InvalidQuery, match="nested too deeply"):
        compile("SELECT " + "(" * 5000 + "CLUSTER FROM MBPP" + ")" * 5000)


def test_a_zero_character_cannot_pass_for_a_place_in_the_text() -> None:
    with pytest.raises(InvalidQuery, match="NUL"):
        compile("SELECT '\0001:2\0' FROM (CLUSTER FROM MBPP)")


def test_an_engine_without_forms_is_refused() -> None:
    with pytest.raises(Unsupported, match="no SQL for trino"):
        transpile("CLUSTER FROM MBPP", write="trino")


def test_sql_that_cannot_be_translated_is_placed_in_the_text() -> None:
    with pytest.raises(InvalidQuery) as told:
        transpile("SELECT 1\nFROM (CLUSTER FROM MBPP) WHERE WHERE")
    assert (told.value.line, told.value.column) == (2, 32)


def test_the_source_of_a_query_is_asked_only_where_a_table_is_read() -> None:
    class Counting(Standalone):
        asked = 0

        def source(self, _):
            self.asked += 1
            return Source("observations", "tests", "code_implementations", Choice.NOTHING)

    resolver = Counting()
    compile("CLUSTER FROM (FROM mine)", resolver)
    assert resolver.asked == 0
    compile("SLICE FROM (SLICE * FROM MBPP) WITH CODE", resolver)
    assert resolver.asked == 2
