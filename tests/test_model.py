"""The engine against the reference model: drawn lakehouses, and statements with every two clauses of a verb.

`SRCQL_CASES=20` runs every statement on twenty lakehouses instead of one.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, count, product
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, assume, given, seed, settings
from hypothesis import strategies as st

from lakehouse.engine import Engine
from lakehouse.warehouse import Warehouse, open_warehouse
from srcql.errors import SrcqlError
from tests.model.cubes import ALIKE, lakehouses
from tests.model.documents import spellings
from tests.model.equality import kind, response_text
from tests.model.pairs import pairs
from tests.model.referee import Difference, difference, report, smallest, store, texts
from tests.model.shapes import APART, FACTORS, shapes, shapes_of, shapes_of_chance
from tests.model.statement import Statement, Using
from tests.model.statements import statements, usings

CASES = int(os.environ.get("SRCQL_CASES", "1"))
BLOCK = 20
SHAPES = [(verb, shape) for verb in FACTORS for shape in shapes(verb)]
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
asked: Counter[str] = Counter()


class Opened(NamedTuple):
    warehouse: Warehouse
    engine: Engine


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    with open_warehouse(tmp_path_factory.mktemp("model")) as warehouse, Engine(warehouse, threads=1) as engine:
        yield Opened(warehouse, engine)


@pytest.mark.parametrize("block", range(len(BLOCKS)))
def test_engine_and_model_agree(opened: Opened, block: int) -> None:
    found: list[Difference] = []

    @seed(block)
    @SETTINGS
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        lakehouse = data.draw(lakehouses(f"m{next(number)}"))
        assume(len({row["output"] for row in lakehouse.observations}) > 3)  # the first example drawn is too simple
        others = [data.draw(shapes_of_chance())]
        store(opened.warehouse, lakehouse)
        for verb, shape in BLOCKS[block] + others:
            statement = data.draw(statements(verb, shape, lakehouse))
            asked[verb] += 1
            if differs := difference(opened.engine, statement, lakehouse):
                found.append(differs)
                break
        assert not found

    try:
        agree()
    except AssertionError:
        if not found:
            raise
        pytest.fail(report(smallest(found[0])), pytrace=False)


@pytest.mark.parametrize("missing", FACTORS["DIFF"]["MISSING"])
def test_every_reference_of_every_side_agrees(opened: Opened, missing: str) -> None:
    """Draw DIFF with each of these axes and references; no reference changes the rows."""

    @seed(len(missing))
    @SETTINGS
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        lakehouse = data.draw(lakehouses(f"m{next(number)}"))
        assume(len({row["output"] for row in lakehouse.observations}) > 3)
        store(opened.warehouse, lakehouse)
        for axis, reference in product(("COMMIT", "IMPLEMENTATION"), ("SPECIFIED", "ORACLE", "IMPLEMENTATION")):
            fixed = {"AXIS": axis, "AGAINST": reference, "MISSING": missing, "FROM": "everything", "ORDER": ""}
            statement = data.draw(statements("DIFF", data.draw(shapes_of("DIFF", fixed)), lakehouse))
            differs = difference(opened.engine, statement, lakehouse)
            assert not differs, report(differs)
            assert changes(opened.engine, statement) == changes(opened.engine, plain(statement)), statement.text

    agree()


def plain(statement: Statement) -> Statement:
    """Return a DIFF without its reference."""
    return replace(statement, own=tuple(clause for clause in statement.own if clause is not statement.against))


def changes(engine: Engine, statement: Statement) -> list[tuple[object, ...]] | str:
    """Return the rows of a DIFF without their status; an error by its type."""
    try:
        rows = engine.query(f"SELECT * EXCLUDE (status) FROM ({statement.text}) ORDER BY ALL").read_all()
    except SrcqlError as error:
        return type(error).__name__
    return [tuple(row.values()) for row in rows.to_pylist()]


def test_canonical_texts_agree(opened: Opened) -> None:
    """Compare the canonical texts themselves: verbs only show which responses are equal."""

    @seed(0)
    @settings(SETTINGS, max_examples=6 * CASES)
    @given(st.lists(spellings(), min_size=20, max_size=20), st.lists(usings(), min_size=10, max_size=10))
    def agree(drawn: list[tuple[str, ...]], equalities: list[Using]) -> None:
        outputs = sorted({output for family in (*ALIKE, *drawn) for output in family if output is not None})
        for using in equalities:
            expected = {output: (kind(output), response_text(output, using)) for output in outputs}
            actual = texts(opened.engine, outputs, using)
            assert [*actual.items() - expected.items()] == [], using.text

    agree()


@pytest.mark.parametrize("verb", FACTORS)
def test_choices_of_every_two_clauses_meet(verb: str) -> None:
    factors = FACTORS[verb]
    wanted = {
        frozenset(((one, left), (other, right)))
        for one, other in combinations(factors, 2)
        for left, right in product(factors[one], factors[other])
    }
    assert pairs(shape for of, shape in SHAPES if of == verb) == wanted - set(APART[verb])
    print(f"{verb}: {asked[verb]} statements asked, {len(wanted) - len(APART[verb])} pairs of choices")
