"""Mistakes that only the engine finds: `mistakes.sql` has their messages and positions."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakehouse.engine import Engine
from srcql.errors import ExecutionError, InvalidQuery, SrcqlError
from tests.srcql.spec import Block, blocks
from tests.stored import stored

MISTAKES = blocks("mistakes", Path(__file__).parent)
INTERNALS = re.compile(r"Error:|LINE \d|Candidate|Exception|INT\d|_LITERAL|\bBOOL\b|[Dd]uck|sqlglot|UDF|\bSET ")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with stored(tmp_path_factory.mktemp("stored")) as running:
        yield running


@pytest.mark.parametrize("block", MISTAKES, ids=lambda block: block.statements[0])
def test_the_message_of_a_mistake(engine: Engine, block: Block) -> None:
    with pytest.raises(SrcqlError) as raised:
        engine.query(block.statements[0]).read_all()
    assert f"{type(raised.value).__name__}: {raised.value}" == block.message
    assert not INTERNALS.search(raised.value.message + (raised.value.hint or ""))


def test_a_mistake_is_located_in_a_query_with_parameters(engine: Engine) -> None:
    with pytest.raises(SrcqlError) as raised:
        engine.query("SELECT ?, $$é$$\nFROM (CLUSTER FROM Demo WHERE step_id = ?) WHERE sise > ?", (1, 2, 3))
    assert (raised.value.line, raised.value.column, raised.value.hint) == (2, 50, "did you mean size?")


def test_the_message_of_deep_nesting(engine: Engine) -> None:
    with pytest.raises(InvalidQuery) as caught:
        engine.query(f"SELECT {'+'.join(['1'] * 1_500)}")
    assert str(caught.value) == "the statement is nested too deeply (limit 1,000)\n  hint: split it with WITH"


def test_the_message_of_an_engine_without_memory(engine: Engine) -> None:
    with Engine(engine.warehouse, threads=1, memory_limit="20MB") as small:
        with pytest.raises(ExecutionError, match="exceeds the memory limit of the lakehouse"):
            small.query("SELECT list(range) FROM range(100000000)").read_all()
