"""Every mistake in a verb raises the message of the spec file, at its position."""

import pytest

from srcql.compiler import compile, transpile
from srcql.errors import InvalidQuery, SrcqlError, UnknownName, Unsupported
from srcql.resolver import Choice, Source, Standalone
from srcql.schema import OBSERVATIONS, Column, Role, Table
from tests.srcql.spec import ERRORS, Block, blocks


@pytest.mark.parametrize("block", [b for name in ERRORS for b in blocks(name)], ids=lambda block: block.statements[0])
def test_message_of_a_mistake(block: Block) -> None:
    assert message(block.statements[0]) == block.message


@pytest.mark.parametrize("block", blocks("bad_errors"), ids=lambda block: block.statements[0])
def test_message_that_needs_improvement(block: Block) -> None:
    """These messages do not help enough; move a block to the other files once its message is better."""
    assert message(block.statements[0]) == block.message


def message(text: str) -> str:
    with pytest.raises(SrcqlError) as raised:
        compile(text)
    return f"{type(raised.value).__name__}: {raised.value}"


def test_no_mistake_is_listed_twice() -> None:
    texts = [block.statements[0] for name in [*ERRORS, "bad_errors"] for block in blocks(name)]
    assert len(texts) == len(set(texts)) > 350


def test_an_unknown_name_has_a_position_in_the_text() -> None:
    class Strict(Standalone):
        def source(self, selection):
            name = selection.targets[0].problem
            raise UnknownName(f"unknown problem {name.text}", span=name.span, hint="did you mean sum?")

    with pytest.raises(UnknownName) as raised:
        compile('SELECT 1\nFROM (CLUSTER FROM MBPP."sm")', Strict())
    assert str(raised.value).split("\n") == [
        "line 2, column 25: unknown problem sm",
        '  FROM (CLUSTER FROM MBPP."sm")',
        "                          ^^^^",
        "  hint: did you mean sum?",
    ]


def test_a_duplicate_column_of_the_result_is_rejected() -> None:
    size = Column("size", "VARCHAR", 100, Role.CONTEXT, "size of the machine")

    class Evolved(Standalone):
        observations = Table("observations", "", (*OBSERVATIONS.columns, size), ())

    with pytest.raises(InvalidQuery, match="duplicate column size in the result"):
        compile("CLUSTER FROM MBPP BY size", Evolved())
    assert '"size"' in compile("SLICE FROM MBPP BY size", Evolved()).sql


def test_deep_nesting_is_an_invalid_query() -> None:
    with pytest.raises(InvalidQuery, match="nested too deeply"):
        compile("SELECT " + "(" * 5000 + "CLUSTER FROM MBPP" + ")" * 5000)


def test_a_nul_character_is_rejected() -> None:
    with pytest.raises(InvalidQuery, match="NUL"):
        compile("SELECT '\0001:2\0' FROM (CLUSTER FROM MBPP)")


def test_an_unknown_engine_is_rejected() -> None:
    with pytest.raises(Unsupported, match="unknown engine trino"):
        transpile("CLUSTER FROM MBPP", write="trino")


def test_untranslatable_sql_has_a_position_in_the_text() -> None:
    with pytest.raises(InvalidQuery) as raised:
        transpile("SELECT 1\nFROM (CLUSTER FROM MBPP) WHERE WHERE")
    assert (raised.value.line, raised.value.column) == (2, 32)


def test_the_source_is_resolved_only_if_a_table_is_read() -> None:
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
