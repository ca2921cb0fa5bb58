"""DISCRIMINATE: how well each test tells implementations apart.

    DISCRIMINATE FROM … [shared clauses]

Columns: `…, test_id, n_distinct, power, entropy, first_split_step, n_missing`, counted over the classes of whole cells;
those that lack the test are one class. power is the share of the pairs of implementations that the test separates,
entropy that of Shannon (A Mathematical Theory of Communication, 1948) in nats. Ordered by test.
"""

from srcql.lowering import behaviour
from srcql.lowering.cells import Lowering
from srcql.sql import listed, same
from srcql.verbs.verb import Verb


class Discriminate(Verb):
    """One DISCRIMINATE statement."""

    word = "DISCRIMINATE"
    form = "DISCRIMINATE"
    results = ("test_id", "n_distinct", "power", "entropy", "first_split_step", "n_missing")
    order = ("test_id",)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        return (*self.cube.analysis, *self.results)

    def select(self, lowering: Lowering) -> str:
        """Count who answers each test alike, and those that lack it."""
        cells, analysis = behaviour.whole_cells(lowering, behaviour.traces(lowering)), self.cube.analysis
        everyone = f"SELECT {listed(analysis)}, count(DISTINCT __who) AS __all FROM {cells} GROUP BY {listed(analysis)}"
        lowering.define("__everyone", everyone)
        self._classes(lowering, cells)
        split = f" LEFT JOIN ({self._splits()}) AS s ON {same('t', 's', self._test)}"
        pairs = "__all * (__all - 1)"
        return (
            f"SELECT t.*, ({pairs} - __alike) / nullif({pairs}, 0) AS power, s.first_split_step,"
            f" CASE WHEN __all > 1 THEN {lowering.forms.entropy.format('__sizes', '__all')} END AS entropy"
            f" FROM ({self._tallies()}) AS t{split}"
        )

    @property
    def _test(self) -> tuple[str, ...]:
        return (*self.cube.analysis, "test_id")

    def _classes(self, lowering: Lowering, cells: str) -> None:
        test = listed(self._test)
        alike = f"SELECT {test}, count(*) AS __size FROM {cells} GROUP BY {test}, {listed(behaviour.SIGNATURE)}"
        lowering.define("__alike", alike)
        asked = f"SELECT {test}, CAST(sum(__size) AS BIGINT) AS __asked FROM __alike GROUP BY {test}"
        missing = (
            f"SELECT a.*, e.__all, e.__all - a.__asked AS n_missing FROM ({asked}) AS a"
            f" JOIN __everyone AS e ON {same('a', 'e', self.cube.analysis)}"
        )
        lowering.define("__lacking", missing)
        lacking = f"SELECT {test}, n_missing AS __size FROM __lacking WHERE n_missing > 0"
        lowering.define("__classes", f"SELECT * FROM __alike UNION ALL {lacking}")

    def _tallies(self) -> str:
        sizes = (
            f"SELECT {listed(self._test)}, count(*) AS n_distinct, sum(__size * (__size - 1)) AS __alike,"
            f" list_sort(list(__size)) AS __sizes FROM __classes GROUP BY {listed(self._test)}"
        )
        return (
            f"SELECT c.*, l.__all, l.n_missing FROM ({sizes}) AS c JOIN __lacking AS l ON {same('c', 'l', self._test)}"
        )

    def _splits(self) -> str:
        """The first step of each test at which not all do the same; who has no such step does otherwise."""
        step = listed((*self._test, "step_id"))
        steps = f"SELECT {step}, {behaviour.DIFFER} AS __differs, count(*) AS __n FROM __traces GROUP BY {step}"
        return (
            f"SELECT {listed(self._test, 'd')}, min(d.step_id) AS first_split_step FROM ({steps}) AS d"
            f" JOIN __everyone AS e ON {same('d', 'e', self.cube.analysis)} WHERE d.__differs OR d.__n < e.__all"
            f" GROUP BY {listed(self._test, 'd')}"
        )
