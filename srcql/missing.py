"""MISSING DROP: implementations or tests that lack a cell are left out, analysis by analysis."""

from typing import TYPE_CHECKING

from srcql.sql import listed, same

if TYPE_CHECKING:
    from srcql.cells import Lowering


def complete(lowering: "Lowering", kept: str) -> str:
    """The rows of the implementations that have every test, or of the tests that every implementation has."""
    analysis = list(lowering.cube.analysis)
    who = ["implementation_id", *(["run_id"] if lowering.cube.each else [])]
    dropped, counted = (who, ["test_id"]) if lowering.cube.missing == "DROP IMPLEMENTATIONS" else (["test_id"], who)
    had = f"SELECT DISTINCT {listed([*analysis, *who, 'test_id'])} FROM {kept}"
    lowering.define("__had", had)
    each = f"SELECT {listed([*analysis, *dropped])}, count(*) AS __n FROM __had GROUP BY ALL"
    all_ = (
        f"SELECT {listed(analysis)}, count(*) AS __n FROM (SELECT DISTINCT {listed([*analysis, *counted])} FROM __had)"
    )
    whole = (
        f"SELECT e.* FROM ({each}) AS e JOIN ({all_} GROUP BY ALL) AS a ON {same('e', 'a', analysis)}"
        " WHERE e.__n = a.__n"
    )
    rows = f"SELECT c.* FROM {kept} AS c JOIN ({whole}) AS w ON {same('c', 'w', [*analysis, *dropped])}"
    return lowering.define("__complete", rows)
