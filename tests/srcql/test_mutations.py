"""Every mutated statement returns rows or raises an SrcqlError; SRCQL_MUTATIONS sets their number, 1,000 by default."""

import os
import re
import threading
from collections.abc import Iterator
from itertools import islice

import pytest

from lakehouse.engine import Engine
from srcql.errors import SrcqlError
from tests.srcql.mutations import mutated
from tests.stored import stored

SEEDS = 10
STATEMENTS = int(os.environ.get("SRCQL_MUTATIONS", "1000")) // SEEDS
SECONDS = 5.0
INSIDES = re.compile(r"sqlglot|Traceback|duckdb|Binder|Parser Error|INTERNAL|nanobind|the engine failed")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with stored(tmp_path_factory.mktemp("stored")) as running:
        yield running


def answer(engine: Engine, text: str) -> SrcqlError | None:
    """Run a statement with NULL parameters until it ends or is interrupted, and return its error."""
    try:
        statement = engine.prepare(text)
        with statement.execute([None] * statement.parameters) as result:
            timer = threading.Timer(SECONDS, result.interrupt)
            timer.start()
            try:
                for _ in result.batches():
                    pass
            finally:
                timer.cancel()
                timer.join()
    except SrcqlError as error:
        return error
    return None


def fault(error: SrcqlError, text: str) -> str | None:
    """Return what is wrong with an error."""
    if INSIDES.search(error.message + (error.hint or "")):
        return f"speaks of insides: {error}"
    if error.span and not (error.text == text and 0 <= error.span[0] < error.span[1] <= len(text) + 1):
        return f"stands at {error.span} of {error.text!r}: {error}"
    return None if str(error).strip() else "says nothing"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_mutated_statement_returns_rows_or_an_srcql_error(engine: Engine, seed: int) -> None:
    answered = 0
    for number, text in enumerate(islice(mutated(seed), STATEMENTS)):
        try:
            error = answer(engine, text)
        except Exception as other:
            other.add_note(f"statement {number} of seed {seed}: {text!r}")
            raise
        assert not (error and fault(error, text)), f"statement {number} of seed {seed}: {text!r}"
        answered += error is None
    assert answered > STATEMENTS // 50
