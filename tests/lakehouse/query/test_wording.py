"""Mistakes that only the engine can see are told in the words of `mistakes.sql`, at their place in the user's text."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakehouse.engine import Engine
from srcql.errors import ExecutionError, SrcqlError
from tests.srcql.spec import Block, blocks
from tests.stored import stored

MISTAKES = blocks("mistakes", Path(__file__).parent)
INSIDES = re.compile(r"Error:|LINE \d|Candidate|Exception|INT\d|_LITERAL|\bBOOL\b|[Dd]uck|sqlglot|UDF|\bSET ")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with stored(tmp_path_factory.mktemp("stored")) as running:
        yield running


@pytest.mark.parametrize("block", MISTAKES, ids=lambda block: block.statements[0])
def test_a_mistake_is_told_in_these_words(engine: Engine, block: Block) -> None:
    with pytest.raises(SrcqlError) as told:
        engine.query(block.statements[0]).read_all()
    assert f"{type(told.value).__name__}: {told.value}" == block.message
    assert not INSIDES.search(told.value.message + (told.value.hint or ""))


def test_with_parameters_a_mistake_has_its_place_too(engine: Engine) -> None:
    with pytest.raises(SrcqlError) as told:
        engine.query("SELECT ?, $$é$$\nFROM (CLUSTER FROM Demo WHERE step_id = ?) WHERE sise > ?", (1, 2, 3))
    assert (told.value.line, told.value.column, told.value.hint) == (2, 50, "did you mean size?")


def test_an_engine_without_memory_speaks_of_the_lakehouse(engine: Engine) -> None:
    with Engine(engine.warehouse, threads=1, memory_limit="20MB") as small:
        with pytest.raises(ExecutionError, match="exceeds the memory limit of the lakehouse"):
            small.query("SELECT list(range) FROM range(100000000)").read_all()
