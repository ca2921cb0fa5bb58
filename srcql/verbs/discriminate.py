"""DISCRIMINATE: how well each test distinguishes implementations.

    DISCRIMINATE FROM … [shared clauses]

Columns: `…, test_id, n_distinct, power, entropy, first_split_step, n_missing`, counted over the classes of whole cells;
implementations without the test are one class. power is the share of the pairs of implementations that the test
separates. entropy is Shannon's (A Mathematical Theory of Communication, 1948) in nats. Ordered by test.
"""

from srcql.lowering import behaviour
from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
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
        """Count the implementations in each class, and those without the test."""
        traces, analysis = behaviour.traces(lowering), listed(self.cube.analysis)
        cells = behaviour.whole_cells(lowering, traces)
        counted = f"SELECT {analysis}, count(DISTINCT __who) AS __all FROM {cells} GROUP BY {analysis}"
        everyone = lowering.define("__everyone", counted)
        tallies = self._tallies(lowering, cells, everyone)
        split = f" LEFT JOIN ({self._splits(lowering, traces, everyone)}) AS s ON {same('t', 's', lowering.test)}"
        pairs = "__all * (__all - 1)"
        return (
            f"SELECT t.*, ({pairs} - __alike) / nullif({pairs}, 0) AS power, s.first_split_step,"
            f" CASE WHEN __all > 1 THEN {lowering.forms.entropy.format('__sizes', '__all')} END AS entropy"
            f" FROM ({tallies}) AS t{split}"
        )

    def _tallies(self, lowering: Lowering, cells: Cte, everyone: Cte) -> str:
        """Count each test's classes of equal cells; the entries that lack the test are one more."""
        test = listed(lowering.test)
        alike = f"SELECT {test}, count(*) AS __size FROM {cells} GROUP BY {test}, {listed(behaviour.SIGNATURE)}"
        classes = lowering.define("__alike", alike)
        lacking = self._lacking(lowering, classes, everyone)
        absent = f"SELECT {test}, n_missing AS __size FROM {lacking} WHERE n_missing > 0"
        all_classes = lowering.define("__classes", f"SELECT * FROM {classes} UNION ALL {absent}")
        sizes = (
            f"SELECT {test}, count(*) AS n_distinct, sum(__size * (__size - 1)) AS __alike,"
            f" list_sort(list(__size)) AS __sizes FROM {all_classes} GROUP BY {test}"
        )
        at = same("c", "l", lowering.test)
        return f"SELECT c.*, l.__all, l.n_missing FROM ({sizes}) AS c JOIN {lacking} AS l ON {at}"

    def _lacking(self, lowering: Lowering, classes: Cte, everyone: Cte) -> Cte:
        test = listed(lowering.test)
        asked = f"SELECT {test}, CAST(sum(__size) AS BIGINT) AS __asked FROM {classes} GROUP BY {test}"
        missing = (
            f"SELECT a.*, e.__all, e.__all - a.__asked AS n_missing FROM ({asked}) AS a"
            f" JOIN {everyone} AS e ON {same('a', 'e', self.cube.analysis)}"
        )
        return lowering.define("__lacking", missing)

    def _splits(self, lowering: Lowering, traces: Cte, everyone: Cte) -> str:
        """Find the first step of each test at which entries differ; an entry without the step differs too."""
        step, test = listed(lowering.step), listed(lowering.test, "d")
        steps = f"SELECT {step}, {behaviour.DIFFER} AS __differs, count(*) AS __n FROM {traces} GROUP BY {step}"
        return (
            f"SELECT {test}, min(d.step_id) AS first_split_step FROM ({steps}) AS d"
            f" JOIN {everyone} AS e ON {same('d', 'e', self.cube.analysis)} WHERE d.__differs OR d.__n < e.__all"
            f" GROUP BY {test}"
        )
