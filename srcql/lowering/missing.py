"""MISSING DROP: leave out implementations or tests that lack a cell, in each analysis."""

from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
from srcql.sql import listed, literal, same

DROPS = ("DROP IMPLEMENTATIONS", "DROP TESTS")


def complete(lowering: Lowering, kept: Cte) -> Cte:
    """Define `__complete`: the rows of implementations that have every test, or of tests that all of them have."""
    analysis = list(lowering.cube.analysis)
    who = ["implementation_id", *(["run_id"] if lowering.cube.each else [])]
    dropped, counted = (who, ["test_id"]) if lowering.cube.missing == "DROP IMPLEMENTATIONS" else (["test_id"], who)
    had = lowering.define("__had", f"SELECT DISTINCT {listed([*analysis, *who, 'test_id'])} FROM {kept}")
    each = f"SELECT {listed([*analysis, *dropped])}, count(*) AS __n FROM {had} GROUP BY ALL"
    all_ = (
        f"SELECT {listed(analysis)}, count(*) AS __n FROM (SELECT DISTINCT {listed([*analysis, *counted])} FROM {had})"
    )
    spared = (
        f" OR {lowering.entry} = {literal(lowering.spared)}" if lowering.spared is not None and dropped is who else ""
    )
    whole = (
        f"SELECT c.* FROM ({each}) AS c JOIN ({all_} GROUP BY ALL) AS a ON {same('c', 'a', analysis)}"
        f" WHERE c.__n = a.__n{spared}"
    )
    rows = f"SELECT c.* FROM {kept} AS c JOIN ({whole}) AS w ON {same('c', 'w', [*analysis, *dropped])}"
    return lowering.define("__complete", rows)
