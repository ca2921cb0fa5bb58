"""MINIMIZE: a small set of tests that preserves the clusters of CLUSTER.

    MINIMIZE FROM … [shared clauses] [TO n]

Columns: `…, pick, test_id, gained_pairs, classes`: the kept tests in the order in which they are picked, the pairs of
implementations that each separates and no earlier one does, and the number of classes after it. TO n shows the first
n. Ordered by pick.

    __shown     the responses of one member of each cluster
    __numbered  the clusters, numbered for the choice
    __tests     the clusters that have each test, and the class of each cluster's cell
    __problems  the same as lists, one row for each analysis
"""

from dataclasses import dataclass

from srcql.clauses.shared import whole_number
from srcql.errors import Unsupported
from srcql.lowering import behaviour
from srcql.lowering.cte import Cte
from srcql.lowering.engines import ELSEWHERE
from srcql.lowering.lowering import Lowering
from srcql.sql import listed, same
from srcql.verbs.verb import Verb


@dataclass(frozen=True)
class MinimizeClauses:
    """The own clauses of MINIMIZE."""

    to: int | None = None


class Minimize(Verb):
    """One MINIMIZE statement."""

    word = "MINIMIZE"
    form = "MINIMIZE"
    own = {"TO": whole_number("TO", "a number of tests")}
    own_clauses = MinimizeClauses
    clauses: MinimizeClauses
    results = ("pick", "test_id", "gained_pairs", "classes")
    order = ("pick",)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        return (*self.cube.analysis, *self.results)

    def select(self, lowering: Lowering) -> str:
        """Number clusters and classes of cells; a function chooses among the tests of each analysis."""
        if not lowering.forms.minimal_tests:
            raise Unsupported("the SQL of this engine does not support MINIMIZE", span=self.place, hint=ELSEWHERE)
        analysis = self.cube.analysis
        found = behaviour.behaviour(lowering, behaviour.traces(lowering))
        shown = behaviour.representatives(lowering, found.traces, found.clusters)
        problems = self._problems(lowering, found.clusters, behaviour.whole_cells(lowering, shown))
        chosen = lowering.forms.minimal_tests.format("__sizes", "__members", "__answers")
        picks = f"SELECT {listed(analysis)}, __names, unnest({chosen}) AS __chosen FROM {problems}"
        few = f" WHERE __chosen.pick <= {self.clauses.to}" if self.clauses.to else ""
        return f"SELECT *, __chosen.*, __names[__chosen.test] AS test_id FROM ({picks}){few}"

    def _problems(self, lowering: Lowering, clusters: Cte, cells: Cte) -> Cte:
        analysis = self.cube.analysis
        each = f"PARTITION BY {listed(analysis)} ORDER BY __who"
        query = f"SELECT *, row_number() OVER ({each}) - 1 AS __number FROM {clusters}"
        numbered = lowering.define("__numbered", query)
        tests = self._tests(lowering, numbered, cells)
        lists = (
            f"SELECT {listed(analysis)}, list(test_id ORDER BY test_id) AS __names, list(__members ORDER BY test_id)"
            f" AS __members, list(__answers ORDER BY test_id) AS __answers FROM {tests} GROUP BY {listed(analysis)}"
        )
        sizes = (
            f"SELECT {listed(analysis)}, list(size ORDER BY __number) AS __sizes FROM {numbered}"
            f" GROUP BY {listed(analysis)}"
        )
        problems = f"SELECT t.*, z.__sizes FROM ({lists}) AS t JOIN ({sizes}) AS z ON {same('t', 'z', analysis)}"
        return lowering.define("__problems", problems)

    def _tests(self, lowering: Lowering, numbered: Cte, cells: Cte) -> Cte:
        analysis, test = self.cube.analysis, lowering.test
        alike = f"dense_rank() OVER (PARTITION BY {listed(test, 'w')} ORDER BY {listed(behaviour.SIGNATURE, 'w')})"
        answers = (
            f"SELECT {listed(test, 'w')}, n.__number, {alike} AS __class FROM {cells} AS w"
            f" JOIN {numbered} AS n ON {same('w', 'n', (*analysis, '__who'))}"
        )
        tests = (
            f"SELECT {listed(test)}, list(__number ORDER BY __number) AS __members,"
            f" list(__class ORDER BY __number) AS __answers FROM ({answers}) GROUP BY {listed(test)}"
        )
        return lowering.define("__tests", tests)
