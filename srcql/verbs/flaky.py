"""FLAKY: the steps at which the runs of one cell disagree.

    FLAKY FROM … [shared clauses but RUNS] [WITHIN CODE | IMPLEMENTATION | COMMIT] [MIN RUNS n]

All runs are read. WITHIN states what two runs of one cell have in common. Columns: `…, implementation_id,
implementation_hash, git_commit_hash, test_id, step_id, n_runs, n_distinct, flake_rate, flip_rate, outputs`, of hash and
commit those that WITHIN names. Ordered by implementation, test and step, then by hash and commit.

    __differing  the steps at which a cell's runs disagree
    __times      the time of each run of such a cell
    __given      the responses at such a step
    __sequence   the response of each run at such a step, or none
    __classes    the different responses, and how often each occurred
"""

from dataclasses import dataclass, replace

from srcql.clauses.cube import Cube, Target
from srcql.clauses.reader import Piece, Reader
from srcql.clauses.shared import SHARED, choice, whole_number
from srcql.lowering import behaviour
from srcql.lowering.behaviour import Traces
from srcql.lowering.cte import Cte
from srcql.lowering.lowering import Lowering
from srcql.sql import listed, same
from srcql.verbs.verb import Verb

# By the words of WITHIN: the columns of the result, and where their values stand.
WITHIN = {
    "CODE": {"implementation_hash": "__code"},
    "IMPLEMENTATION": {},
    "COMMIT": {"implementation_hash": "__code", "git_commit_hash": "git_commit_hash"},
}
BY_TIME = "ORDER BY __time NULLS FIRST, run_id NULLS FIRST"
COMMONEST_FIRST = "struct_pack(__rank := -__times, __none := __text IS NULL, __text := __text)"
OUTPUTS = f"list_transform(list_sort(list({COMMONEST_FIRST})), lambda x: x.__text)"


@dataclass(frozen=True)
class FlakyClauses:
    """The own clauses of FLAKY."""

    within: str = "CODE"
    min_runs: int = 2


class Flaky(Verb):
    """One FLAKY statement."""

    word = "FLAKY"
    form = "FLAKY"
    shared = {words: clause for words, clause in SHARED.items() if words != "RUNS"}
    own = {
        "WITHIN": choice("WITHIN", tuple(WITHIN)),
        "MIN RUNS": whole_number("MIN RUNS", "a number of runs"),
    }
    own_clauses = FlakyClauses
    clauses: FlakyClauses
    results = (
        "implementation_id",
        "implementation_hash",
        "test_id",
        "step_id",
        "n_runs",
        "n_distinct",
        "flake_rate",
        "flip_rate",
        "outputs",
    )
    order = ("implementation_id", "test_id", "step_id")

    @property
    def within(self) -> dict[str, str]:
        """The columns of the result that distinguish cells, each with the column of traces that holds its values."""
        return WITHIN[self.clauses.within]

    def cube_of(self, selected: tuple[Target, ...] | Piece | None) -> Cube:
        """Return the cube with all runs; WITHIN distinguishes its cells."""
        return replace(super().cube_of(selected), runs="ALL", within=tuple(self.within.values()))

    def check_runs(self, reader: Reader) -> None:
        """Accept any: FLAKY has no RUNS and compares all runs."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the result."""
        at = self.results.index("test_id")
        columns = (*self.cube.analysis, "implementation_id", *self.within, *self.results[at:])
        return tuple(dict.fromkeys(columns))

    @property
    def sorted_by(self) -> tuple[str, ...]:
        """Its order within an analysis: one step may stand there for several codes and commits."""
        return (*self.order, *self.within)

    def select(self, lowering: Lowering) -> str:
        """Find the steps with different responses first: they are few, and only they need the order of the runs."""
        sequence = self._sequence(lowering, behaviour.traces(lowering, ["output", "created_at"]))
        step = [*lowering.cell, "step_id"]
        alike = (
            f"SELECT {listed(step)}, count(*) AS __times, min(output) AS __text"
            f" FROM {sequence} GROUP BY {listed(step)}, __answered, __response"
        )
        classes = lowering.define("__classes", alike)
        tallies = (
            f"SELECT {listed(step)}, count(*) AS n_distinct, max(__times) AS __most, {OUTPUTS} AS outputs"
            f" FROM {classes} GROUP BY {listed(step)}"
        )
        hashes = "".join(f", t.{stored} AS {column}" for column, stored in self.within.items() if column != stored)
        return (
            f"SELECT t.*{hashes}, f.n_runs, (f.n_runs - __most) / f.n_runs AS flake_rate,"
            " __flips / (f.n_runs - 1) AS flip_rate"
            f" FROM ({tallies}) AS t JOIN ({_flips(sequence, step)}) AS f ON {same('t', 'f', step)}"
        )

    def _sequence(self, lowering: Lowering, traces: Traces) -> Cte:
        cell, step = lowering.cell, [*lowering.cell, "step_id"]
        differing = self._differing(lowering, traces)
        times = _times(lowering, traces, differing)
        answers = (
            f"SELECT {listed([*step, 'run_id'], 't')}, t.output, t.__response FROM {traces} AS t"
            f" JOIN {differing} AS d ON {same('d', 't', step)}"
        )
        answered = lowering.define("__given", answers)
        sequence = (
            f"SELECT {listed([*cell, 'run_id', '__time'], 'n')}, d.step_id, a.output, a.__response,"
            " a.step_id IS NOT NULL AS __answered"
            f" FROM {differing} AS d JOIN {times} AS n ON {same('d', 'n', cell)}"
            f" LEFT JOIN {answered} AS a ON {same('d', 'a', step)} AND {same('n', 'a', ['run_id'])}"
        )
        return lowering.define("__sequence", sequence)

    def _differing(self, lowering: Lowering, traces: Traces) -> Cte:
        step, runs = listed([*lowering.cell, "step_id"]), "__runs" if lowering.weighed else "1"
        differing = (
            f"SELECT {step} FROM {traces} WHERE {runs} >= {max(2, self.clauses.min_runs)}"
            f" GROUP BY {step} HAVING {behaviour.DIFFER} OR count(*) < max({runs})"
        )
        return lowering.define("__differing", differing)


def _times(lowering: Lowering, traces: Traces, differing: Cte) -> Cte:
    cell, run = lowering.cell, listed([*lowering.cell, "run_id"], "r")
    cells = f"SELECT DISTINCT {listed(cell)} FROM {differing}"
    times = (
        f"SELECT {run}, max(r.created_at) AS __time FROM {traces.cells.rows} AS r"
        f" JOIN ({cells}) AS d ON {same('r', 'd', cell)} GROUP BY {run}"
    )
    return lowering.define("__times", times)


def _flips(sequence: Cte, step: list[str]) -> str:
    """Count the runs of each step, and those whose response differs from the run before; no response is one too."""
    before = f"OVER (PARTITION BY {listed(step)} {BY_TIME})"
    flips = (
        f"SELECT {listed(step)}, lag(__answered) {before} AS __before, __answered,"
        f" lag(__response) {before} IS DISTINCT FROM __response AS __other FROM {sequence}"
    )
    flipped = "__before IS NOT NULL AND (__before <> __answered OR __other)"
    return (
        f"SELECT {listed(step)}, count(*) AS n_runs, count(*) FILTER ({flipped}) AS __flips"
        f" FROM ({flips}) GROUP BY {listed(step)}"
    )
