"""The engine against the model: drawn lakehouses, and statements in which the clauses of every verb meet pairwise.

`SRCQL_CASES=20` asks every statement of twenty lakehouses instead of one.
"""

import os
from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, assume, given, seed, settings
from hypothesis import strategies as st

from lakehouse.engine import Engine
from lakehouse.warehouse import Warehouse, open_warehouse
from tests.model.cubes import lakehouses
from tests.model.pairs import Choice, pairs
from tests.model.referee import Difference, difference, report, smallest, store
from tests.model.statements import FACTORS, shapes, statements

CASES = int(os.environ.get("SRCQL_CASES", "1"))
BLOCK = 20
NOT_YET: frozenset[Choice] = frozenset()
SHAPES = [(verb, shape) for verb in FACTORS for shape in shapes(verb, NOT_YET)]
BLOCKS = [SHAPES[start : start + BLOCK] for start in range(0, len(SHAPES), BLOCK)]
SETTINGS = settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    verbosity=Verbosity.quiet,
    report_multiple_bugs=False,
    phases=(Phase.generate,),
)
number = count()


class Server(NamedTuple):
    warehouse: Warehouse
    engine: Engine


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with open_warehouse(tmp_path_factory.mktemp("model")) as warehouse, Engine(warehouse) as engine:
        yield Server(warehouse, engine)


@pytest.mark.parametrize("block", range(len(BLOCKS)))
def test_engine_and_model_agree(server: Server, block: int) -> None:
    found: list[Difference] = []

    @seed(block)
    @SETTINGS
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        lakehouse = data.draw(lakehouses(f"m{next(number)}"))
        assume(len(lakehouse.observations) > 9)
        store(server.warehouse, lakehouse)
        for verb, shape in BLOCKS[block]:
            statement = data.draw(statements(verb, shape, lakehouse))
            if differs := difference(server.engine, statement, lakehouse):
                found.append(differs)
                break
        assert not found

    try:
        agree()
    except AssertionError:
        pytest.fail(report(smallest(found[0])), pytrace=False)


def test_all_pairs_of_choices_are_asked() -> None:
    print(f"{len(SHAPES)} statements of {CASES} lakehouses each, {sum(len(pairs([s])) for _, s in SHAPES)} pairs")
