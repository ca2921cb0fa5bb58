"""SIMILARITY: the similarity of every two implementations."""

from fractions import Fraction
from itertools import combinations

from tests.model.closeness import same
from tests.model.cube import Analysis, Cell, Voter
from tests.model.statement import Lakehouse, Rejected, Row, Statement, Using

Cells = list[tuple[str, Cell, Cell]]  # for each test that both have


def similarity(found: Analysis, statement: Statement, _: Lakehouse) -> list[Row]:
    if statement.using.tolerance and statement.head not in ((), ("AGREEMENT",)):
        raise Rejected("only AGREEMENT takes TOLERANCE")
    rows = [_pair(found, pair, statement) for pair in combinations(found.voters, 2)]
    least, most = statement.number("MIN"), statement.number("TOP")
    if least is not None:
        rows = [row for row in rows if row["similarity"] is not None and row["similarity"] >= float(least)]
    if most is not None:
        best = sorted(range(len(rows)), key=lambda place: _dissimilar(rows[place]))[: int(most)]
        rows = [rows[place] for place in sorted(best)]
    return rows


def _dissimilar(row: Row) -> tuple[bool, float]:
    return row["similarity"] is None, -(row["similarity"] or 0)


def _pair(found: Analysis, pair: tuple[Voter, Voter], statement: Statement) -> Row:
    left, right = (found.cells[voter] for voter in pair)
    cells = [(test, left[test][0], right[test][0]) for test in found.tests if test in left and test in right]
    equal = sum(equal_cells(one, other, statement.using) for _, one, other in cells)
    value: Fraction | None
    if statement.head == ("JACCARD",):
        value = _jaccard(cells)
    elif statement.head == ("EDIT",):
        value = _edit(cells)
    else:
        value = Fraction(equal, len(cells)) if cells else None
    return {
        "left_id": pair[0].name,
        "right_id": pair[1].name,
        "similarity": None if value is None else float(value),
        "n_common": len(cells),
        "n_equal": equal,
        "n_missing": len(found.tests) - len(cells),
    }


def equal_cells(one: Cell, other: Cell, using: Using) -> bool:
    return one.keys() == other.keys() and all(same(said, other[step], using) for step, said in one.items())


def _jaccard(cells: Cells) -> Fraction | None:
    left = {(test, step, said.text) for test, one, _ in cells for step, said in one.items()}
    right = {(test, step, said.text) for test, _, other in cells for step, said in other.items()}
    return Fraction(len(left & right), len(left | right)) if cells else None


def _edit(cells: Cells) -> Fraction | None:
    pairs = [(said.row["output"], other.get(step)) for _, one, other in cells for step, said in one.items()]
    texts = [(one, other.row["output"]) for one, other in pairs if other]
    known = [_alike(one, other) for one, other in texts if one is not None and other is not None]
    return sum(known, Fraction(0)) / len(known) if known else None


def _alike(one: str, other: str) -> Fraction:
    """1 - Levenshtein / length of the longer."""
    row = list(range(len(other) + 1))
    for place, sign in enumerate(one, start=1):
        above, row = row, [place]
        for column, letter in enumerate(other):
            row.append(min(above[column] + (sign != letter), above[column + 1] + 1, row[column] + 1))
    longer = max(len(one), len(other))
    return 1 - Fraction(row[-1], longer) if longer else Fraction(1)
